import { expect, it } from 'vitest'
import type { RunFacts } from '@/api/types'
import { bestOf, tagsOf } from '@/features/training/curves'
import { firstChoice, lookOfRuns, modelOfRun, progressOf, runOfCard } from '@/features/training/runs'
import { card, model, run } from '../samples'

const newestFirst = [
  run('v1/b', { model: 'v1', started: '2026-11-21T12:00:00Z' }),
  run('v2/a', { model: 'v2', started: '2026-11-20T12:00:00Z' }),
  run('v1/a', { model: 'v1', started: '2026-11-19T12:00:00Z' }),
  run('old', { model: 'old', started: '2024-06-01T12:00:00Z' }),
]

it('shows the newest run of each model first', () => {
  expect(firstChoice(newestFirst, ['v2', 'v1', 'v9'])).toEqual(['v1/b', 'v2/a'])
})

it('shows a training that goes on as well', () => {
  const going = run('mine/x', { model: 'mine', status: 'running' })
  expect(firstChoice([going, ...newestFirst], ['v1'])).toEqual(['mine/x', 'v1/b'])
})

it('shows the first few where no model comes from any of the runs', () => {
  expect(firstChoice(newestFirst, ['foreign'])).toEqual(['v1/b', 'v2/a', 'v1/a'])
  expect(firstChoice([], ['v1'])).toEqual([])
})

it('keeps the look of a run when a newer one begins', () => {
  const before = lookOfRuns(newestFirst)
  const after = lookOfRuns([run('v3/z', { started: '2026-11-22T12:00:00Z' }), ...newestFirst])
  for (const [name, look] of before) expect(after.get(name)).toBe(look)
  expect(after.get('v3/z')).toBe(4)
})

it('finds the run of a card', () => {
  expect(runOfCard(card('logs/v1/2026'))).toBe('v1/2026')
  expect(runOfCard(card(null))).toBeNull()
  expect(runOfCard(null)).toBeNull()
})

it('orders metrics and knows which way is better', () => {
  const last = ['zeta', 'epoch_loss', 'epoch_auc', 'epoch_accuracy'].map((tag) => ({
    part: 'train',
    tag,
    step: 0,
    value: 1,
    points: 1,
  }))
  expect(tagsOf([run('a', { last })])).toEqual(['epoch_accuracy', 'epoch_loss', 'epoch_auc', 'zeta'])
  expect(bestOf('epoch_auc')).toBe('highest')
  expect(bestOf('epoch_mse')).toBe('lowest')
  expect(bestOf('epoch_learning_rate')).toBeNull()
})

it('estimates the time left from the epochs so far', () => {
  const last = [{ part: 'train', tag: 'epoch_loss', step: 1, value: 1, points: 2 }]
  const facts = { epochs: 10 } as RunFacts
  const started = '2026-11-21T12:00:00Z'
  const updated = '2026-11-21T12:01:00Z'
  const going = run('v1/a', { status: 'running', started, updated, last, facts })
  expect(progressOf(going)).toEqual({ done: 2, epochs: 10, secondsLeft: 240 })
  expect(progressOf({ ...going, last: [] })?.secondsLeft).toBeNull()
  expect(progressOf({ ...going, facts: null })).toBeNull()
})

it('finds the model of a run', () => {
  const models = [model('v1', { file: 'v1.keras', card: card('logs/v1/2026') })]
  expect(modelOfRun('v1/2026', models)).toBe('v1')
  expect(modelOfRun('v2/2026', models)).toBeNull()
})
