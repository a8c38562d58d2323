import { expect, it } from 'vitest'
import {
  changeOf,
  deliveriesOf,
  hasBothClasses,
  othersOf,
  thresholdCurves,
} from '@/features/evaluation/metrics'
import { influencesOf } from '@/features/models/models'
import { thinned } from '@/ui/charts/lines'
import { curves, ensemble, estimate, row } from '../samples'

const whole = row({ metrics: { auc: estimate(0.9, 0.02) } })
const gan = row({ generator: 'StyleGAN' })
const jpeg = row({ delivery: 'jpeg-q40', metrics: { auc: estimate(0.7, 0.02) } })
const ganJpeg = row({ generator: 'StyleGAN', delivery: 'jpeg-q40' })
const other = row({ dataset: 'own', generator: 'StyleGAN', delivery: 'jpeg-q40' })
const elsewhere = row({ dataset: 'own' })
const rows = [whole, gan, jpeg, ganJpeg, other, elsewhere]

it('finds what else was measured, and the deliveries of each', () => {
  expect(othersOf(rows, whole)).toEqual([gan, elsewhere])
  expect(deliveriesOf(rows, whole)).toEqual([jpeg])
  expect(deliveriesOf(rows, gan)).toEqual([ganJpeg])
})

it('takes the one generator of a whole set for no further row', () => {
  const only = row({ generator: 'StyleGAN' })
  expect(othersOf([only, ganJpeg], only)).toEqual([])
  expect(deliveriesOf([only, ganJpeg], only)).toEqual([ganJpeg])
})

it('calls a change clear only where the intervals lie apart', () => {
  expect(changeOf('auc', jpeg, whole)).toMatchObject({ by: expect.closeTo(-0.2), clear: true })
  const near = row({ metrics: { auc: estimate(0.87, 0.02) } })
  expect(changeOf('auc', near, whole)?.clear).toBe(false)
  expect(changeOf('accuracy', jpeg, whole)).toBeNull()
})

it('draws no metric over the threshold that needs a class which is missing', () => {
  const names = (of: typeof whole, from = curves) => thresholdCurves(from, of).map(([name]) => name)
  expect(names(whole)).toEqual(['accuracy', 'fake_accuracy'])
  const fakesOnly = row({ n_real: 0 })
  expect(hasBothClasses(fakesOnly)).toBe(false)
  expect(names(fakesOnly)).toEqual(['accuracy'])
  expect(names(whole, { ...curves, thresholds: {} })).toEqual(['accuracy'])
})

it('thins many places out, and keeps both ends', () => {
  const places = Array.from({ length: 201 }, (_, index) => index / 200)
  expect(thinned(places, 5)).toEqual([0, 0.25, 0.5, 0.75, 1])
  expect(thinned([0.1, 0.9], 5)).toEqual([0.1, 0.9])
})

it('gives each member its share of a mean, or its coefficient in a stack', () => {
  expect(influencesOf(ensemble({}))).toEqual([0.25, 0.75])
  const stack = ensemble({ combination: { kind: 'stacked', coefficients: [0.4, -0.1], intercept: 0 } })
  expect(influencesOf(stack)).toEqual([0.4, -0.1])
})
