import createClient from 'openapi-fetch'
import { probe } from './connection'
import type { paths } from './schema'

/** Calls the API on the page's own origin; paths and answers are typed by openapi.json. */
export const client = createClient<paths>({
  baseUrl: window.location.origin,
  // Looked up at each call, so that tests can replace it.
  fetch: (request) => fetch(request),
})

/**
 * Why there is no answer:
 * `busy` (503), `refused` (the API says why), `too_large` (never sent),
 * `unreachable` (no connection), `unreadable` (something else answered, such as a proxy).
 */
export type FailureKind = 'busy' | 'refused' | 'too_large' | 'unreachable' | 'unreadable'

export class ApiFailure extends Error {
  constructor(
    readonly kind: FailureKind,
    /** What the API says to do about it; empty where the API said nothing. */
    message = '',
    /** Short code of the API, such as `unsupported_format`. */
    readonly code: string | null = null,
    /** Seconds after which to try again. */
    readonly retryAfter: number | null = null,
  ) {
    super(message)
  }
}

/** The failure that an HTTP answer other than 2xx stands for. */
export function failureOf(response: Response, body: unknown): ApiFailure {
  const { error, message } = (body ?? {}) as { error?: unknown; message?: unknown }
  const readable = typeof message === 'string' && message !== ''
  const text = readable ? message : ''
  const code = typeof error === 'string' ? error : null
  if (response.status === 503) {
    return new ApiFailure('busy', text, code, seconds(response.headers.get('Retry-After')))
  }
  return readable ? new ApiFailure('refused', text, code) : new ApiFailure('unreadable')
}

/** Whether a proxy answered for a service that does not: nginx.conf.template has the code, others none. */
function isOfProxy({ status }: Response, { code }: ApiFailure): boolean {
  return status >= 502 && (code === null || code === 'unavailable')
}

/** The failure behind whatever was thrown on the way. */
export function asFailure(thrown: unknown): ApiFailure {
  if (thrown instanceof ApiFailure) return thrown
  return new ApiFailure(thrown instanceof SyntaxError ? 'unreadable' : 'unreachable')
}

function seconds(header: string | null): number | null {
  const value = Number.parseInt(header ?? '', 10)
  return Number.isFinite(value) && value > 0 ? value : null
}

export interface Outcome<T> {
  data?: T
  error?: unknown
  response: Response
}

/** The data of a good answer; everything else is thrown as an `ApiFailure`. */
export async function dataOf<T>(request: Promise<Outcome<T>>): Promise<T & object> {
  const { data, error, response } = await request.catch((thrown: unknown) => {
    if (!(thrown instanceof DOMException && thrown.name === 'AbortError')) void probe()
    throw asFailure(thrown)
  })
  if (!response.ok) {
    const failure = failureOf(response, error)
    if (isOfProxy(response, failure)) void probe()
    throw failure
  }
  // A proxy's page may come with status 200.
  if (typeof data !== 'object' || data === null) throw new ApiFailure('unreadable')
  return data
}

/** The largest picture that the service accepts, in bytes; set once the service has said so. */
let maxUploadBytes = Infinity

export function limitUploads(bytes: number): void {
  maxUploadBytes = bytes
}

/** A picture as what a request sends: a form with one file, and other fields if there are any. */
export function pictureForm<Fields extends Record<string, string | boolean>>(
  file: File,
  fields?: Fields,
) {
  if (file.size > maxUploadBytes) throw new ApiFailure('too_large')
  return {
    // The generated types have no word for a file: they call it a string.
    body: { image: file as unknown as string, ...fields } as { image: string } & Fields,
    bodySerializer: () => {
      const form = new FormData()
      form.append('image', file)
      for (const [name, value] of Object.entries(fields ?? {})) form.append(name, String(value))
      return form
    },
  }
}

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
