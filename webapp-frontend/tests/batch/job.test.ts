import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { effectScope, nextTick } from 'vue'
import { useConnection } from '@/api/connection'
import type { Job } from '@/api/types'
import { useJob, useJobResults } from '@/features/batch/useJobs'
import { job, jobPicture } from '../samples'

const service = { asked: [] as string[], answer: (() => Response.error()) as (url: URL) => Response }

function answer(input: Request | string) {
  const url = new URL(input instanceof Request ? input.url : input, 'http://localhost')
  service.asked.push(url.pathname + url.search)
  return Promise.resolve(service.answer(url))
}

/** The events of one connection, sent by hand. */
class Events extends EventTarget {
  static readonly CLOSED = 2
  static opened: Events[] = []
  readyState = 1
  onerror = () => undefined
  constructor(readonly url: string) {
    super()
    Events.opened.push(this)
  }
  close() {
    this.readyState = Events.CLOSED
  }
  send(name: string, data: Job) {
    this.dispatchEvent(new MessageEvent(name, { data: JSON.stringify(data) }))
  }
}

const gone = { success: false, error: 'unknown_job', message: 'There is no such job.' }
let scope = effectScope()

async function open() {
  const opened = scope.run(() => useJob(job().id))
  if (!opened) throw new Error('the scope is closed')
  await vi.waitUntil(() => opened.job.value ?? opened.failure.value)
  return opened
}

function connection(index = 0) {
  const found = Events.opened[index]
  if (!found) throw new Error('not connected')
  return found
}

beforeEach(() => {
  vi.stubGlobal('fetch', answer)
  vi.stubGlobal('EventSource', Events)
  vi.useFakeTimers({ shouldAdvanceTime: true })
  Events.opened = []
  service.asked = []
  service.answer = () => Response.json({ success: true, job: job() })
  scope = effectScope()
})

afterEach(() => {
  scope.stop()
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

it('follows an active job to its end, and then hangs up', async () => {
  const { job: shown } = await open()
  expect(connection().url).toBe(`/api/jobs/${job().id}/events`)
  connection().send('progress', job({ done: 5 }))
  expect(shown.value?.done).toBe(5)
  connection().send('end', job({ state: 'finished', done: 8 }))
  expect(shown.value?.state).toBe('finished')
  expect(connection().readyState).toBe(Events.CLOSED)
})

it('does not listen to a job that has ended, nor after the page is left', async () => {
  service.answer = () => Response.json({ success: true, job: job({ state: 'cancelled' }) })
  await open()
  expect(Events.opened).toEqual([])
  service.answer = () => Response.json({ success: true, job: job() })
  await open()
  scope.stop()
  expect(connection().readyState).toBe(Events.CLOSED)
})

it('leaves a lost connection to the browser, finds out whether the service is away, and asks why where the browser gave up', async () => {
  const { failure } = await open()
  service.answer = () => new Response(null, { status: 502 })
  connection().onerror()
  await vi.advanceTimersByTimeAsync(10_000)
  expect(service.asked.slice(1)).toEqual(['/api/health'])
  expect(useConnection().value).toBe('down')
  service.answer = ({ pathname }) =>
    pathname === '/api/health' ? Response.json({}) : Response.json(gone, { status: 404 })
  connection().close()
  connection().onerror()
  await vi.advanceTimersByTimeAsync(10_000)
  expect(service.asked.slice(2)).toEqual(['/api/health', `/api/jobs/${job().id}`])
  expect(useConnection().value).toBe('up')
  expect(failure.value).toMatchObject({ kind: 'refused', message: gone.message })
})

it('comes back by itself when the service does', async () => {
  service.answer = () => Response.json({ message: 'Later.' }, { status: 503 })
  const { job: shown, failure } = await open()
  expect(failure.value?.kind).toBe('busy')
  service.answer = () => Response.json({ success: true, job: job() })
  await vi.advanceTimersByTimeAsync(4000)
  expect(shown.value?.state).toBe('running')
  expect(failure.value).toBeNull()
})

it('reads each result once, as it is found', async () => {
  const { job: shown } = await open()
  const found = ['a', 'b', 'c'].map((name) => jobPicture(name, { v1: 'fake' }))
  service.answer = ({ searchParams }) => {
    const from = Number(searchParams.get('offset'))
    return Response.json({ success: true, results: found.slice(from, shown.value?.done) })
  }
  const read = scope.run(() => useJobResults(shown))
  await nextTick()
  expect(service.asked).toHaveLength(1)
  for (const done of [2, 3]) {
    connection().send('progress', job({ done }))
    await vi.waitUntil(() => read?.results.value.length === done)
  }
  expect(read?.results.value.map(({ file }) => file)).toEqual(['a', 'b', 'c'])
  expect(service.asked.slice(1).map((url) => url.split('?')[1])).toEqual([
    'limit=1000&offset=0',
    'limit=1000&offset=2',
  ])
  expect(read?.loading.value).toBe(false)
})
