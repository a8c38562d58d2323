import { expect, it } from 'vitest'
import { groupedMetrics, metricOf, orderedMetrics } from '@/features/evaluation/metrics'
import { estimate as about, evaluation, row } from '../samples'

it('orders known metrics, and keeps unknown ones at the end', () => {
  const estimate = { value: 0.9, low: 0.8, high: 1 }
  const metrics = orderedMetrics({
    dataset: 'faces',
    split: 'test',
    delivery: 'original',
    n_real: 100,
    n_fake: 100,
    skipped: 0,
    confusion: evaluation.confusion,
    metrics: { zeta: estimate, auc: estimate, kappa: estimate, accuracy: estimate },
  })
  expect(metrics.map(({ name }) => name)).toEqual(['accuracy', 'auc', 'kappa', 'zeta'])
  expect(metrics[0]).toEqual({ name: 'accuracy', share: true, ...estimate })
  expect(metrics[1]?.share).toBe(false)
})

it('groups metrics by what they judge, and leaves empty groups out', () => {
  const metrics = { kappa: about(0.4), brier: about(0.2), recall: about(0.8), accuracy: about(0.9) }
  const groups = groupedMetrics(row({ metrics }))
  expect(groups.map((group) => [group.name, group.metrics.map(({ name }) => name)])).toEqual([
    ['calls', ['accuracy', 'recall']],
    ['probabilities', ['brier']],
    ['others', ['kappa']],
  ])
  expect(metricOf(row({ metrics }), 'auc')).toBeUndefined()
})
