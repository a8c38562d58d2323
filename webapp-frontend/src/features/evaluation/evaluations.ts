import type { Curve, Curves, EvaluationRow } from '@/api/types'
import type { Point } from '@/ui/charts/curves'
import { overlap } from './intervals'

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

/** At most so many of the places, evenly apart, both ends among them. */
export function thinned(places: number[], most: number): number[] {
  if (places.length <= most) return places
  const step = (places.length - 1) / (most - 1)
  return Array.from({ length: most }, (_, index) => places[Math.round(index * step)] ?? 0)
}
