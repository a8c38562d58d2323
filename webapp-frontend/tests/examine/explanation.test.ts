import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { effectScope } from 'vue'
import { useExplanation } from '@/features/examine/useHeatMap'
import { job } from '../samples'
import { explanation } from './explained'

const service = { requests: [] as Request[], answer: () => Response.error() }
vi.stubGlobal('fetch', (request: Request) => {
  service.requests.push(request)
  return Promise.resolve(service.answer())
})

const picture = new File([new Uint8Array(4)], 'a.jpg', { type: 'image/jpeg' })
const question = { model: 'v1', method: 'lime', face: 1, whole: false } as const
const waiting = job({ kind: 'explain', state: 'waiting', total: 1, done: 0 })
let scope = effectScope()

function open() {
  const opened = scope.run(() => useExplanation(picture, question))
  if (!opened) throw new Error('the scope is closed')
  return opened
}

beforeEach(() => {
  service.requests = []
  scope = effectScope()
})

afterEach(() => {
  scope.stop()
})

it('asks for nothing before it is wanted, and then for this model, method and face', async () => {
  const { explanation: found, start } = open()
  expect(service.requests).toEqual([])
  service.answer = () => Response.json(explanation())
  await start()
  expect(service.requests[0]?.url).toContain('/api/explain?model=v1&method=lime&face=1&whole=false')
  expect(found.value).toEqual(explanation())
})

it('gives the job where it takes longer, and what that has found when it ends', async () => {
  const { explanation: found, job: running, start, finish } = open()
  service.answer = () => Response.json({ success: true, job: waiting }, { status: 202 })
  await start()
  expect([found.value, running.value]).toEqual([null, waiting])
  service.answer = () => Response.json(explanation({ method: 'lime' }))
  await finish({ ...waiting, state: 'finished' })
  expect(service.requests[1]?.url).toContain(`/api/explanations/${waiting.id}`)
  expect([found.value?.method, running.value]).toEqual(['lime', null])
})

it('asks for nothing of a job that was cancelled, and can be asked again', async () => {
  const { job: running, failure, start, finish } = open()
  service.answer = () => Response.json({ success: true, job: waiting }, { status: 202 })
  await start()
  await finish({ ...waiting, state: 'cancelled' })
  expect(service.requests).toHaveLength(1)
  expect([running.value, failure.value]).toEqual([null, null])
})

it('tells why there is no heat map', async () => {
  const { failure, start, finish } = open()
  const refusal = { success: false, error: 'explanation_failed', message: 'It has no feature map.' }
  service.answer = () => Response.json(refusal, { status: 409 })
  await finish({ ...waiting, state: 'failed' })
  expect(failure.value).toMatchObject({ kind: 'refused', message: refusal.message })
  service.answer = () => Response.json(explanation())
  await start()
  expect(failure.value).toBeNull()
})
