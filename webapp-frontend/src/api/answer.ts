import { ApiFailure, asFailure, failureOf } from './failure'

export interface Outcome<T> {
  data?: T
  error?: unknown
  response: Response
}

/** The data of a good answer; everything else is thrown as an `ApiFailure`. */
export async function answerOf<T>(request: Promise<Outcome<T>>): Promise<T & object> {
  const { data, error, response } = await request.catch((thrown: unknown) => {
    throw asFailure(thrown)
  })
  if (!response.ok) throw failureOf(response, error)
  // A proxy's page may come with status 200.
  if (typeof data !== 'object' || data === null) throw new ApiFailure('unreadable')
  return data
}
