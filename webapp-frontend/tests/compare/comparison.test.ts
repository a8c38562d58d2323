import { expect, it } from 'vitest'
import { chosenModels, differs, rocOf, sameSample, testsOf, filterPictures } from '@/features/compare/comparison'
import { lowIsBest } from '@/features/evaluation/metrics'
import { curves, disagreement, measured, row } from '../samples'

it('takes the models of the address that are ready, or else the first few', () => {
  const ready = ['v1', 'v2', 'v3', 'v4', 'v5']
  expect(chosenModels(ready, null)).toEqual(['v1', 'v2', 'v3', 'v4'])
  expect(chosenModels(ready, 'v5,v2,gone')).toEqual(['v2', 'v5'])
  expect(chosenModels(ready, '')).toEqual([])
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
