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

/** The failure behind whatever was thrown on the way. */
export function asFailure(thrown: unknown): ApiFailure {
  if (thrown instanceof ApiFailure) return thrown
  return new ApiFailure(thrown instanceof SyntaxError ? 'unreadable' : 'unreachable')
}

function seconds(header: string | null): number | null {
  const value = Number.parseInt(header ?? '', 10)
  return Number.isFinite(value) && value > 0 ? value : null
}
