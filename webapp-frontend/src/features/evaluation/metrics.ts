import type { Curve, Curves, Estimate, EvaluationRow } from '@/api/types'
import type { Point } from '@/ui/charts/lines'

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

export interface Named extends Estimate {
  model: string
}

/** Whether two 95% intervals have a point in common. */
export function overlap(a: Estimate, b: Estimate): boolean {
  return a.low <= b.high && b.low <= a.high
}

/**
 * The model whose whole interval lies on the better side of every other model's;
 * null where no model can honestly be called better.
 */
export function clearlyBest(estimates: Named[], lowIsBest: boolean): string | null {
  if (estimates.length < 2) return null
  const sign = lowIsBest ? -1 : 1
  const best = estimates.reduce((a, b) => (sign * b.value > sign * a.value ? b : a))
  const rivals = estimates.filter(({ model }) => model !== best.model)
  return rivals.some((rival) => overlap(best, rival)) ? null : best.model
}

/** What else was measured as a row was: single generators of its pictures, other data sets. */
export function othersOf(rows: EvaluationRow[], whole: EvaluationRow): EvaluationRow[] {
  return rows.filter(
    (row) =>
      row.split === whole.split &&
      row.delivery === whole.delivery &&
      (row.dataset !== whole.dataset || row.generator !== whole.generator),
  )
}

/** The same pictures as in a row, delivered in other ways. */
export function deliveriesOf(rows: EvaluationRow[], original: EvaluationRow): EvaluationRow[] {
  return rows.filter(
    (row) =>
      samePictures(row, original) &&
      row.delivery !== original.delivery &&
      row.generator === original.generator,
  )
}

function samePictures(a: EvaluationRow, b: EvaluationRow) {
  return a.dataset === b.dataset && a.split === b.split
}

export function hasBothClasses({ n_real, n_fake }: EvaluationRow): boolean {
  return n_real > 0 && n_fake > 0
}

/** How far a metric moved, and whether the intervals lie apart; null where one is not measured. */
export function changeOf(metric: string, now: EvaluationRow, before: EvaluationRow) {
  const [a, b] = [now.metrics[metric], before.metrics[metric]]
  return a && b ? { by: a.value - b.value, clear: !overlap(a, b) } : null
}

export function pointsOf({ x, y }: Curve): Point[] {
  return x.map((place, index) => ({ x: place, y: y[index] ?? null }))
}

/** The metrics over the threshold that mean something: some need pictures of both classes. */
export function thresholdCurves(
  { threshold, thresholds }: Curves,
  row: EvaluationRow,
): [metric: string, curve: Curve][] {
  const all = Object.keys(thresholds).length ? thresholds : { accuracy: threshold }
  return Object.entries(all).filter(([name]) => name === 'accuracy' || hasBothClasses(row))
}
