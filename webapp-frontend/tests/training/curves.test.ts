import { describe, expect, it } from 'vitest'
import type { RunDetail } from '@/api/types'
import {
  bestPoint,
  curvesOf,
  lastPoint,
  placesOf,
  type View,
} from '@/features/training/curves'
import { nearest, pointAt } from '@/ui/charts/lines'
import { run } from '../samples'

const detail: RunDetail = {
  success: true,
  run: run('v1/a'),
  series: [
    { part: 'train', tag: 'epoch_loss', steps: [0, 1, 2], times: [100, 160, 220], values: [3, 2, 1] },
    { part: 'validation', tag: 'epoch_loss', steps: [0, 1, 2], times: [110, 170, 230], values: [3, null, 5] },
    { part: 'validation', tag: 'evaluation_loss_vs_iterations', steps: [47], times: [111], values: [3] },
  ],
}
const view: View = { tag: 'epoch_loss', axis: 'step', parts: ['train', 'validation'], smoothing: 0 }

describe('the curves of runs', () => {
  it('count epochs from 1, and other steps as they are', () => {
    const [train] = curvesOf([detail], view)
    expect(train?.points.map(({ x }) => x)).toEqual([1, 2, 3])
    const tag = 'evaluation_loss_vs_iterations'
    expect(curvesOf([detail], { ...view, tag })[0]?.points).toEqual([{ x: 47, y: 3 }])
  })

  it("count the time from the run's first value", () => {
    const both = curvesOf([detail], { ...view, axis: 'time' })
    expect(both.map(({ points }) => points.map(({ x }) => x))).toEqual([
      [0, 60, 120],
      [10, 70, 130],
    ])
  })

  it('show the chosen parts only, and always those of a run without parts', () => {
    const bare = { ...detail, series: detail.series.slice(0, 1).map((one) => ({ ...one, part: '' })) }
    const parts = ['validation']
    expect(curvesOf([detail, bare], { ...view, parts }).map(({ part }) => part)).toEqual([
      'validation',
      '',
    ])
  })

  it('keep what was measured beside what is smoothed', () => {
    const [train] = curvesOf([detail], { ...view, smoothing: 0.5 })
    expect(train?.raw.map(({ y }) => y)).toEqual([3, 2, 1])
    expect(train?.points[1]?.y).toBeCloseTo(7 / 3)
  })
})

describe('reading a curve', () => {
  const points = [
    { x: 1, y: 0.5 },
    { x: 2, y: null },
    { x: 4, y: 0.9 },
    { x: 5, y: 0.9 },
  ]

  it('takes the value that holds at a place, and none outside of the curve', () => {
    expect(pointAt(points, 1)?.y).toBe(0.5)
    expect(pointAt(points, 3)).toEqual({ x: 2, y: null })
    expect(pointAt(points, 0)).toBeNull()
    expect(pointAt(points, 6)).toBeNull()
  })

  it('finds the last number and the first of the best', () => {
    expect(lastPoint([...points, { x: 6, y: null }])).toEqual({ x: 5, y: 0.9 })
    expect(bestPoint(points, 'epoch_accuracy')).toEqual({ x: 4, y: 0.9 })
    expect(bestPoint(points, 'epoch_loss')).toEqual({ x: 1, y: 0.5 })
    expect(bestPoint(points, 'epoch_learning_rate')).toBeNull()
    expect(lastPoint([{ x: 1, y: null }])).toBeNull()
  })

  it('joins the places of all lines and finds the nearest', () => {
    const places = placesOf([{ points }, { points: [{ x: 3, y: 1 }] }])
    expect(places).toEqual([1, 2, 3, 4, 5])
    expect(nearest(places, 3.4)).toBe(3)
    expect(nearest([], 3)).toBeNull()
  })
})
