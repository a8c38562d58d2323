import type { RunDetail, RunSeries, RunSummary } from '@/api/types'
import type { Point, Value } from '@/ui/charts/lines'

export type Axis = 'step' | 'time'

/** One metric of one part of one run, ready to be drawn. */
export interface RunCurve {
  id: string
  run: string
  part: string
  /** As measured. */
  raw: Point[]
  /** As smoothed; the same as `raw` without smoothing. */
  points: Point[]
}

export interface View {
  tag: string
  axis: Axis
  /** What to show; a run without parts is always shown. */
  parts: string[]
  /** In [0, 1). */
  smoothing: number
}

/** The curves of one metric in every run that has it. */
export function curvesOf(runs: RunDetail[], view: View): RunCurve[] {
  return runs.flatMap(({ run, series }) => {
    const start = Math.min(...series.flatMap(({ times }) => times.slice(0, 1)))
    return series
      .filter(({ tag, part }) => tag === view.tag && (!part || view.parts.includes(part)))
      .map((curve) => {
        const { part, values } = curve
        const xs = xsOf(curve, view.axis, start)
        const ys = view.smoothing ? smoothed(values, view.smoothing) : values
        const id = `${run.name} ${part}`
        return { id, run: run.name, part, raw: join(xs, values), points: join(xs, ys) }
      })
  })
}

/** Epochs as people count them, from 1; other steps as they are; seconds since the first value. */
function xsOf({ tag, steps, times }: RunSeries, axis: Axis, start: number): number[] {
  if (axis === 'time') return times.map((time) => time - start)
  return isByEpoch(tag) ? steps.map((step) => step + 1) : steps
}

function join(xs: number[], ys: Value[]): Point[] {
  return xs.map((x, index) => ({ x, y: ys[index] ?? null }))
}

/** Every place where one of the lines has a point, in order. */
export function placesOf(lines: { points: Point[] }[]): number[] {
  const places = new Set(lines.flatMap(({ points }) => points.map(({ x }) => x)))
  return [...places].sort((a, b) => a - b)
}

/** The last point that is a number. */
export function lastPoint(points: Point[]): Point | null {
  return points.findLast(({ y }) => y !== null) ?? null
}

/** The best point of a metric, the first of equals. */
export function bestPoint(points: Point[], tag: string): Point | null {
  const direction = bestOf(tag)
  if (!direction) return null
  const sign = direction === 'highest' ? 1 : -1
  return points.reduce<Point | null>((best, point) => {
    if (point.y === null) return best
    return best?.y == null || sign * point.y > sign * best.y ? point : best
  }, null)
}

/**
 * Exponential moving average as TensorBoard draws it: `weight` in [0, 1) is what the past counts,
 * and the first values are freed of the pull towards zero (the debiasing of Adam).
 * Gaps stay gaps; a curve that never changes stays as it is.
 */
export function smoothed(values: Value[], weight: number): Value[] {
  const first = values[0]
  if (values.every((value) => value === first)) return values
  let average = 0
  let count = 0
  return values.map((value) => {
    if (value === null) return null
    average = average * weight + (1 - weight) * value
    count += 1
    return average / (1 - weight ** count)
  })
}

const FIRST = ['epoch_accuracy', 'epoch_loss', 'epoch_learning_rate']

/** Every metric that one of the runs has: the best known first, the rest by name. */
export function tagsOf(runs: RunSummary[]): string[] {
  const place = (tag: string) => (FIRST.includes(tag) ? FIRST.indexOf(tag) : FIRST.length)
  const tags = new Set(runs.flatMap(({ last }) => last.map(({ tag }) => tag)))
  return [...tags].sort((a, b) => place(a) - place(b) || a.localeCompare(b))
}

/** Whether a metric is counted by epochs; otherwise by steps of the training. */
export function isByEpoch(tag: string): boolean {
  return tag.startsWith('epoch_')
}

/** Which of its values is the best one; null where none is, as for a learning rate. */
export function bestOf(tag: string): 'highest' | 'lowest' | null {
  if (/loss|error|brier|(^|_)m[as]e($|_)/.test(tag)) return 'lowest'
  return /accuracy|auc|precision|recall|f1/.test(tag) ? 'highest' : null
}
