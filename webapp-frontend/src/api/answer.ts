import { ApiFailure, asFailure, failureOf } from './failure'

interface Outcome<T> {
  data?: T
  error?: unknown
  response: Response
}

/** The data of a good answer; everything else is thrown as an `ApiFailure`. */
export async function answerOf<T extends object>(request: Promise<Outcome<T>>): Promise<T> {
  const { data, error, response } = await request.catch((thrown: unknown) => {
    throw asFailure(thrown)
  })
  if (!response.ok) throw failureOf(response, error)
  // A proxy's page may come with status 200.
  if (typeof data !== 'object') throw new ApiFailure('unreadable')
  return data
}
