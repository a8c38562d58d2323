import { beforeEach, expect, it, vi } from 'vitest'
import { useJobActions } from '@/features/batch/useJobs'
import { job } from '../samples'

const service = { asked: [] as string[], answer: () => Response.error() }
vi.stubGlobal('fetch', ({ method, url }: Request) => {
  service.asked.push(`${method} ${new URL(url).pathname}`)
  return Promise.resolve(service.answer())
})
const after = { cancelled: vi.fn(), deleted: vi.fn() }

beforeEach(() => {
  vi.clearAllMocks()
  service.asked = []
  service.answer = () => Response.json({ success: true, job: job({ state: 'cancelled' }) })
})

it('cancels by a call that never deletes', async () => {
  await useJobActions(after).cancel(job())
  expect(service.asked).toEqual([`POST /api/jobs/${job().id}/cancel`])
  expect(after.cancelled).toHaveBeenCalledOnce()
})

it('deletes only what the reader was asked about', async () => {
  service.answer = () => Response.json({ success: true, outcome: 'deleted' })
  const { ask, asking, remove } = useJobActions(after)
  await remove()
  expect(service.asked).toEqual([])
  ask(job({ state: 'finished' }))
  expect(asking.value).toBe(true)
  await remove()
  expect(asking.value).toBe(false)
  expect(service.asked).toEqual([`DELETE /api/jobs/${job().id}`])
  expect(after.deleted).toHaveBeenCalledOnce()
})

it('keeps why a job could not be ended', async () => {
  service.answer = () => Response.json({ error: 'unknown_job', message: 'There is no such job.' }, { status: 404 })
  const { cancel, failure } = useJobActions(after)
  await cancel(job())
  expect(failure.value?.message).toBe('There is no such job.')
  expect(after.cancelled).not.toHaveBeenCalled()
})
