import { effectScope, nextTick } from 'vue'
import { limitUploads } from '@/api/client'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createDetection } from '@/features/detect/useDetection'
import { comparison, prediction } from '../samples'

const requests: { request: Request; reply: (response: Response) => void }[] = []
vi.stubGlobal(
  'fetch',
  (request: Request) =>
    new Promise((reply, fail) => {
      requests.push({ request, reply })
      request.signal.addEventListener('abort', () => {
        fail(new DOMException('aborted', 'AbortError'))
      })
    }),
)

const answer = comparison([prediction()])
const scope = effectScope()

function detect() {
  const question = { models: 'all', history: false, whole: true, stability: 'always' } as const
  const detection = scope.run(() => createDetection(() => question))
  if (!detection) throw new Error('the scope is closed')
  return detection
}

function picture(name: string, size = 4) {
  return new File([new Uint8Array(size)], name, { type: 'image/jpeg' })
}

beforeEach(() => {
  requests.length = 0
  let urls = 0
  vi.spyOn(URL, 'createObjectURL').mockImplementation(() => `blob:${String(++urls)}`)
  vi.spyOn(URL, 'revokeObjectURL').mockImplementation(() => undefined)
})

afterEach(() => {
  vi.restoreAllMocks()
})

it('waits, then answers', async () => {
  const { check, outcome } = detect()
  const done = check(picture('a.jpg'))
  expect(outcome.value).toEqual({ step: 'waiting' })
  expect(requests[0]?.request.url).toContain(
    '/api/predict?models=all&history=false&whole=true&stability=always',
  )
  requests[0]?.reply(Response.json(answer))
  await done
  expect(outcome.value).toEqual({ step: 'answered', answer })
})

it('aborts the request in flight when the next picture comes, and forgets the old one', async () => {
  const { check, outcome, picture: shown } = detect()
  const first = check(picture('a.jpg'))
  const second = check(picture('b.jpg'))
  await first
  expect(requests[0]?.request.signal.aborted).toBe(true)
  expect(URL.revokeObjectURL).toHaveBeenCalledWith('blob:1')
  expect(outcome.value).toEqual({ step: 'waiting' })
  requests[1]?.reply(Response.json(answer))
  await second
  expect(shown.value?.file.name).toBe('b.jpg')
  expect(outcome.value?.step).toBe('answered')
})

it('does not send a picture that is larger than the service accepts', async () => {
  limitUploads(1000)
  const { check, outcome } = detect()
  await check(picture('large.jpg', 1001))
  expect(requests).toEqual([])
  expect(outcome.value).toMatchObject({ step: 'failed', failure: { kind: 'too_large' } })
  limitUploads(Infinity)
})

it('sends the same picture again on request', async () => {
  const { check, outcome, retry } = detect()
  const busy = { success: false, error: 'busy', message: 'Later.' }
  const done = check(picture('a.jpg'))
  requests[0]?.reply(Response.json(busy, { status: 503, headers: { 'Retry-After': '1' } }))
  await done
  expect(outcome.value).toMatchObject({ step: 'failed', failure: { kind: 'busy', retryAfter: 1 } })
  const again = retry()
  requests[1]?.reply(Response.json(answer))
  await again
  expect(outcome.value?.step).toBe('answered')
})

const jpeg = new Response(new Blob(['jpeg'], { type: 'image/jpeg' }))

it('displays a JPEG of the service where the browser cannot display the file', async () => {
  const { check, displayFailed, picture: shown } = detect()
  const done = check(picture('a.heic'))
  displayFailed()
  await nextTick()
  expect(requests).toHaveLength(1)
  requests[0]?.reply(Response.json(answer))
  await done
  await vi.waitUntil(() => requests.length === 2)
  expect(requests[1]?.request.url).toContain('/api/preview')
  requests[1]?.reply(jpeg.clone())
  await vi.waitUntil(() => shown.value?.isConverted)
  expect(shown.value?.url).toBe('blob:2')
  expect(shown.value?.file.name).toBe('a.heic')
  expect(URL.revokeObjectURL).toHaveBeenCalledWith('blob:1')
})

it('displays no JPEG of a picture that the reader has replaced', async () => {
  const { check, displayFailed, picture: shown } = detect()
  const done = check(picture('a.heic'))
  displayFailed()
  requests[0]?.reply(Response.json(answer))
  await done
  await vi.waitUntil(() => requests.length === 2)
  const next = check(picture('b.jpg'))
  requests[1]?.reply(jpeg.clone())
  requests[2]?.reply(Response.json(answer))
  await next
  await nextTick()
  expect(shown.value?.url).toBe('blob:2')
  expect(shown.value?.isConverted).toBeUndefined()
})

it('asks for the JPEG once the service accepts the file', async () => {
  const { check, displayFailed, retry } = detect()
  const done = check(picture('a.heic'))
  displayFailed()
  const busy = { success: false, error: 'busy', message: 'Later.' }
  requests[0]?.reply(Response.json(busy, { status: 503 }))
  await done
  await nextTick()
  expect(requests).toHaveLength(1)
  const again = retry()
  requests[1]?.reply(Response.json(answer))
  await again
  await vi.waitUntil(() => requests.length === 3)
  expect(requests[2]?.request.url).toContain('/api/preview')
})
