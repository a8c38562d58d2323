import type { Estimate, EvaluationRow } from '@/api/types'

const ORDER = [
  'accuracy',
  'balanced_accuracy',
  'real_accuracy',
  'fake_accuracy',
  'precision',
  'recall',
  'f1',
  'auc',
  'average_precision',
  'eer',
  'tpr_at_fpr_1',
  'tpr_at_fpr_5',
  'ece',
  'brier',
]
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

/** The metrics of a row, the best known first, unknown ones last and by name. */
export function orderedMetrics(row: EvaluationRow): Metric[] {
  const place = (name: string) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length)
  return Object.entries(row.metrics)
    .map(([name, estimate]) => ({ name, share: !NOT_A_SHARE.has(name), ...estimate }))
    .sort((a, b) => place(a.name) - place(b.name) || a.name.localeCompare(b.name))
}
