import { describe, expect, it, vi } from 'vitest'
import { dataOf, ApiFailure, failureOf } from '@/api/client'

// After a failure, the page looks whether the service answers.
vi.stubGlobal('fetch', () => Promise.resolve(new Response('{}')))

function refusal(status: number, headers?: HeadersInit) {
  return new Response(null, { status, headers })
}

describe('an answer that is none', () => {
  it("carries the API's own words", () => {
    const body = { success: false, error: 'unsupported_format', message: 'Send a JPEG.' }
    expect(failureOf(refusal(415), body)).toMatchObject({
      kind: 'refused',
      code: 'unsupported_format',
      message: 'Send a JPEG.',
    })
  })

  it('says when to come back', () => {
    const busy = refusal(503, { 'Retry-After': '5' })
    expect(failureOf(busy, { error: 'busy', message: 'Later.' })).toMatchObject({
      kind: 'busy',
      retryAfter: 5,
    })
    expect(failureOf(refusal(503), 'text of a proxy').retryAfter).toBeNull()
  })

  it('is unreadable where something else than the API answered', () => {
    expect(failureOf(refusal(502), '<h1>Bad gateway</h1>').kind).toBe('unreadable')
    expect(failureOf(refusal(500), undefined).kind).toBe('unreadable')
  })
})

describe('a request', () => {
  const response = new Response()

  it('gives its data', async () => {
    await expect(dataOf(Promise.resolve({ data: { n: 1 }, response }))).resolves.toEqual({ n: 1 })
  })

  it('fails as unreachable without a connection', async () => {
    const failed = dataOf(Promise.reject<never>(new TypeError('Failed to fetch')))
    await expect(failed).rejects.toMatchObject({ kind: 'unreachable' })
  })

  it('fails as unreadable on a page with status 200', async () => {
    const page = dataOf(Promise.reject<never>(new SyntaxError('Unexpected token <')))
    await expect(page).rejects.toMatchObject({ kind: 'unreadable' })
    const empty = dataOf(Promise.resolve({ response }))
    await expect(empty).rejects.toBeInstanceOf(ApiFailure)
  })
})
