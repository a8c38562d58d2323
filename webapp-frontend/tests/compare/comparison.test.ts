import { expect, it } from 'vitest'
import {
  chosenModels,
  conditionsOf,
  datasetsOf,
  differs,
  filterPictures,
  rocOf,
  sameSample,
  testsOf,
} from '@/features/compare/comparison'
import { lowIsBest } from '@/features/evaluation/metrics'
import { curves, disagreement, measured, row } from '../samples'

it('takes the models of the address that are ready, or else the active one and the first others', () => {
  const ready = ['v1', 'v2', 'v3', 'v4', 'v5']
  expect(chosenModels(ready, null, 'v5')).toEqual(['v1', 'v2', 'v3', 'v5'])
  expect(chosenModels(ready, null)).toEqual(['v1', 'v2', 'v3'])
  expect(chosenModels(ready, 'v5,v2,gone', 'v1')).toEqual(['v2', 'v5'])
  expect(chosenModels(ready, '', 'v1')).toEqual([])
})

it('sorts the rows of a data set into generators and perturbations', () => {
  const whole = row({ dataset: 'faces' })
  const gan = row({ dataset: 'faces', generator: 'StyleGAN' })
  const jpeg = row({ dataset: 'faces', delivery: 'jpeg-q40' })
  const ganJpeg = row({ dataset: 'faces', generator: 'StyleGAN', delivery: 'jpeg-q40' })
  const evaluations = new Map([
    ['a', measured([row({ dataset: 'own' }), whole, gan, jpeg, ganJpeg])],
    ['b', measured([whole])],
    ['c', null],
  ])
  expect(datasetsOf(evaluations)).toEqual(['faces', 'own'])
  const conditions = conditionsOf(evaluations, 'faces')
  expect(conditions.whole.map(({ rows }) => [...rows.keys()])).toEqual([['a', 'b']])
  expect(conditions.generators.map(({ generator }) => generator)).toEqual(['StyleGAN'])
  expect(conditions.perturbations.map(({ delivery }) => delivery)).toEqual(['jpeg-q40'])
})

it('puts the test first that most models took', () => {
  const evaluations = new Map([
    ['a', measured([row({ dataset: 'own' }), row({ dataset: 'faces' })])],
    ['b', measured([row({ dataset: 'faces' })])],
    ['c', null],
  ])
  expect(testsOf(evaluations)).toEqual(['faces · test · original', 'own · test · original'])
})

it('draws each model in the same test, and none where a class was missing', () => {
  const evaluation = measured([row({ dataset: 'own' }), row({ dataset: 'faces' })])
  const first = { x: [0.1], y: [0.2] }
  const second = { x: [0.3], y: [0.4] }
  const none = { x: [], y: [] }
  const all = { ...evaluation, curves: { ...curves, rocs: [first, second] } }
  expect(rocOf(all, 'faces · test · original')).toEqual(second)
  expect(rocOf(all, 'own · test · original')).toEqual(first)
  expect(rocOf(all, 'other · test · original')).toBeNull()
  expect(rocOf({ ...all, curves: { ...curves, rocs: [none, second] } }, 'own · test · original')).toBeNull()
  const old = { ...evaluation, curves }
  expect(rocOf(old, 'own · test · original')).toEqual(curves.roc)
  expect(rocOf(old, 'faces · test · original')).toBeNull()
  expect(rocOf(null, '')).toBeNull()
})

it('does not take samples of other sizes for the same pictures', () => {
  expect(sameSample([row({}), row({})])).toBe(true)
  expect(sameSample([row({}), row({ n_fake: 99 })])).toBe(false)
})

it('filters the pictures by what they are and by who was wrong', () => {
  const pictures = [disagreement('Real', { a: true, b: false }), disagreement('Fake', { a: false, b: true })]
  expect(filterPictures(pictures, { label: '', wrong: '' })).toHaveLength(2)
  expect(filterPictures(pictures, { label: 'Real', wrong: '' })).toEqual([pictures[0]])
  expect(filterPictures(pictures, { label: '', wrong: 'a' })).toEqual([pictures[1]])
  expect(filterPictures(pictures, { label: 'Real', wrong: 'a' })).toEqual([])
})

it('says which metrics are better when small, and when chance is a poor explanation', () => {
  expect(['ece', 'brier', 'eer', 'accuracy'].map(lowIsBest)).toEqual([true, true, true, false])
  expect([0.049, 0.05].map(differs)).toEqual([true, false])
})
