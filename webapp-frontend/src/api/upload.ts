import type { Outcome } from './answer'

export interface Sending {
  /** Is told the share that has gone, in [0, 1]. */
  progress: (share: number) => unknown
  signal: AbortSignal
}

/** Posts a form and tells how much of it has gone, which `fetch` cannot. */
export function upload<T>(
  url: string,
  form: FormData,
  { progress, signal }: Sending,
): Promise<Outcome<T>> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', url)
    request.responseType = 'json'
    request.upload.onprogress = ({ loaded, total }) => progress(total ? loaded / total : 0)
    request.onload = () => {
      resolve(outcomeOf<T>(request))
    }
    request.onerror = () => {
      reject(new TypeError('network error'))
    }
    request.onabort = () => {
      reject(new DOMException('aborted', 'AbortError'))
    }
    signal.addEventListener('abort', () => {
      request.abort()
    })
    request.send(form)
  })
}

function outcomeOf<T>(request: XMLHttpRequest): Outcome<T> {
  const { status } = request
  const headers = { 'Retry-After': request.getResponseHeader('Retry-After') ?? '' }
  const response = new Response(null, { status, headers })
  // What is not JSON comes as null.
  const body: unknown = request.response
  return response.ok ? { data: body as T, response } : { error: body, response }
}
