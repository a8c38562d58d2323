import type { Estimate, EvaluationRow } from '@/api/types'

/** By what they judge: calls at a threshold, the order of all probabilities, their size. */
const GROUPS = {
  calls: [
    'accuracy',
    'balanced_accuracy',
    'real_accuracy',
    'fake_accuracy',
    'precision',
    'recall',
    'f1',
  ],
  ranking: ['auc', 'average_precision', 'eer', 'tpr_at_fpr_1', 'tpr_at_fpr_5'],
  probabilities: ['ece', 'brier'],
}
const ORDER = Object.values(GROUPS).flat()
const NOT_A_SHARE = new Set(['auc', 'average_precision', 'brier', 'ece', 'f1'])
const LOW_IS_BEST = new Set(['brier', 'ece', 'eer'])

/** Whether smaller values of a metric are better. */
export function lowIsBest(name: string): boolean {
  return LOW_IS_BEST.has(name)
}

export interface Metric extends Estimate {
  name: string
  /** A share of pictures, to be read as a percentage. */
  share: boolean
}

export function isShare(name: string): boolean {
  return !NOT_A_SHARE.has(name)
}

/** One metric of a row; undefined where it was not measured. */
export function metricOf({ metrics }: EvaluationRow, name: string): Metric | undefined {
  const estimate = metrics[name]
  return estimate && { name, share: isShare(name), ...estimate }
}

/** The metrics of a row, the best known first, unknown ones last and by name. */
export function orderedMetrics(row: EvaluationRow): Metric[] {
  const place = (name: string) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length)
  return Object.entries(row.metrics)
    .map(([name, estimate]) => ({ name, share: isShare(name), ...estimate }))
    .sort((a, b) => place(a.name) - place(b.name) || a.name.localeCompare(b.name))
}

export interface MetricGroup {
  name: keyof typeof GROUPS | 'others'
  metrics: Metric[]
}

/** The same in groups; those without a metric are left out. */
export function groupedMetrics(row: EvaluationRow): MetricGroup[] {
  const metrics = orderedMetrics(row)
  const isIn = (names: string[]) => metrics.filter(({ name }) => names.includes(name))
  const groups: MetricGroup[] = [
    { name: 'calls', metrics: isIn(GROUPS.calls) },
    { name: 'ranking', metrics: isIn(GROUPS.ranking) },
    { name: 'probabilities', metrics: isIn(GROUPS.probabilities) },
    { name: 'others', metrics: metrics.filter(({ name }) => !ORDER.includes(name)) },
  ]
  return groups.filter((group) => group.metrics.length)
}
