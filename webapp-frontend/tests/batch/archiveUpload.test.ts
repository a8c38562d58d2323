import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createArchiveUpload } from '@/features/batch/useArchiveUpload'
import { job } from '../samples'

/** A request whose course the test decides. */
class Upload {
  static sent: Upload[] = []
  readonly upload: { onprogress?: (event: { loaded: number; total: number }) => void } = {}
  onload = () => undefined
  onerror = () => undefined
  onabort = () => undefined
  url = ''
  form = new FormData()
  status = 0
  response: unknown = null
  retryAfter: string | null = null
  open(_method: string, url: string) {
    this.url = url
  }
  send(form: FormData) {
    this.form = form
    Upload.sent.push(this)
  }
  abort() {
    this.onabort()
  }
  getResponseHeader() {
    return this.retryAfter
  }
  answer(status: number, response: unknown) {
    Object.assign(this, { status, response })
    this.onload()
  }
}

const zip = new File(['PK'], 'faces.zip', { type: 'application/zip' })

function start(asked: Record<string, string> = {}) {
  const upload = createArchiveUpload()
  upload.take(zip)
  const done = upload.send(asked)
  const [request] = Upload.sent
  if (!request) throw new Error('not sent')
  return { ...upload, done, request }
}

beforeEach(() => {
  Upload.sent = []
  vi.stubGlobal('XMLHttpRequest', Upload)
})

afterEach(() => {
  vi.unstubAllGlobals()
})

it('tells how much has gone, and gives the job that was accepted', async () => {
  const { archive, sent, done, request } = start({ models: 'v1,v3', whole: 'true' })
  expect(request.url).toBe('/api/jobs?models=v1%2Cv3&whole=true')
  expect((request.form.get('archive') as File).name).toBe('faces.zip')
  request.upload.onprogress?.({ loaded: 1, total: 4 })
  expect(sent.value).toBe(0.25)
  request.answer(202, { success: true, job: job() })
  expect(await done).toEqual(job())
  expect(sent.value).toBeNull()
  expect(archive.value).toBeNull()
})

it('keeps the archive where it is refused, for another try', async () => {
  const { archive, failure, done, request, send } = start()
  request.retryAfter = '30'
  request.answer(503, { success: false, error: 'busy', message: 'Too many jobs wait.' })
  expect(await done).toBeNull()
  expect(failure.value).toMatchObject({ kind: 'busy', message: 'Too many jobs wait.', retryAfter: 30 })
  expect(archive.value).toBe(zip)
  void send({})
  expect(failure.value).toBeNull()
  expect(Upload.sent).toHaveLength(2)
})

it('tells a lost connection from an answer that is not of the service', async () => {
  const lost = start()
  lost.request.onerror()
  await lost.done
  expect(lost.failure.value?.kind).toBe('unreachable')
  Upload.sent = []
  const foreign = start()
  foreign.request.answer(200, null)
  await foreign.done
  expect(foreign.failure.value?.kind).toBe('unreadable')
})

it('is cancelled without a failure', async () => {
  const { cancel, done, failure, sent } = start()
  cancel()
  expect(await done).toBeNull()
  expect(failure.value).toBeNull()
  expect(sent.value).toBeNull()
})

it('takes nothing else while it sends, and only what may do', () => {
  const { archive, problem, take } = createArchiveUpload()
  take(new File([''], 'a.jpg', { type: 'image/jpeg' }))
  expect(problem.value).toBe('other')
  expect(archive.value).toBeNull()
  const sending = start()
  sending.take(new File(['PK'], 'other.zip'))
  expect(sending.archive.value).toBe(zip)
})
