import { expect, it } from 'vitest'
import { costAt, fromPercent, presetsOf, toPercent, uninspected, warningsOf } from '@/features/models/models'
import { curves as plain, measured, row } from '../samples'

it('turns a threshold into percent and back without noise', () => {
  expect(toPercent(0.29)).toBe(29)
  expect(fromPercent(29)).toBe(0.29)
  expect(fromPercent(toPercent(0.4375))).toBe(0.4375)
})

it('takes nothing that is no threshold', () => {
  expect(fromPercent('')).toBeNull()
  expect(fromPercent(100.1)).toBeNull()
  expect(fromPercent(-1)).toBeNull()
  expect(fromPercent(Number.NaN)).toBeNull()
})

const x = [0, 0.25, 0.5, 0.75, 1]
const curves = {
  ...plain,
  thresholds: {
    real_accuracy: { x, y: [0, 0.6, 0.9, 0.995, 1] },
    fake_accuracy: { x, y: [1, 0.95, 0.8, 0.4, 0] },
  },
}

it('says which shares of reals and fakes a threshold calls fake', () => {
  expect(costAt(curves, 0.5)?.accused).toBeCloseTo(0.1)
  expect(costAt(curves, 0.6)?.found).toBe(0.8)
  expect(costAt(plain, 0.5)).toBeNull()
  expect(costAt(null, 0.5)).toBeNull()
})

it('offers the lowest cautious, the best balanced and the highest sensitive threshold', () => {
  expect(presetsOf(curves)).toEqual([
    ['cautious', 0.75],
    ['balanced', 0.5],
    ['sensitive', 0.25],
  ])
  expect(presetsOf(null)).toEqual([])
})

it('gives each warning once, with the models that it concerns', () => {
  const warned = (data_warnings: string[] | null) => {
    const sample = measured([row({})])
    return { ...sample, evaluation: { ...sample.evaluation, data_warnings } }
  }
  const evaluations = new Map([
    ['v1', warned(['copies'])],
    ['v2', warned(['copies', 'sizes'])],
    ['v3', warned(null)],
    ['v4', null],
  ])
  expect(warningsOf(evaluations)).toEqual([
    { text: 'copies', models: ['v1', 'v2'] },
    { text: 'sizes', models: ['v2'] },
  ])
  expect(uninspected(evaluations)).toEqual(['v3'])
})
