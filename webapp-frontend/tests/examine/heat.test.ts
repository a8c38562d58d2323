import { expect, it } from 'vitest'
import { croppedTo } from '@/features/detect/faces'
import { gridOf, heatAt, movedBy, strength, strongestRegions } from '@/features/examine/heat'
import { useHeatChoice } from '@/features/examine/useHeatMap'
import { useHeatText } from '@/i18n/examine'
import { useSignsText } from '@/i18n/verdicts'
import { composed } from '../composed'
import { comparison, face, prediction } from '../samples'
import { explanation, packed } from './explained'

const grid = gridOf(explanation().map)

it('unpacks the values of a heat map, and what the model did not look at', () => {
  expect([...grid.values].map((value) => Number(value.toFixed(2)))).toEqual([
    1, 0.2, 0, 0, 0, 0, 0, NaN, -0.5,
  ])
})

it('reads the value at a place, up to the last row and column', () => {
  expect(heatAt(grid, { x: 0, y: 0 })).toBeCloseTo(1)
  expect(heatAt(grid, { x: 0.4, y: 0.1 })).toBeCloseTo(0.2)
  expect(heatAt(grid, { x: 1, y: 1 })).toBeCloseTo(-0.5)
  expect(heatAt(grid, { x: 0.5, y: 0.9 })).toBeNaN()
  expect(heatAt(grid, { x: 1.1, y: 0 })).toBeNaN()
})

it('measures a value by the strongest that speaks for the same class', () => {
  expect(strength(grid, 0.5)).toBe(0.5)
  expect(strength(grid, -0.25)).toBe(0.5)
})

it('names the regions that speak most for a class, strongest first', () => {
  expect(strongestRegions(grid, 'Fake')).toEqual(['upper_left'])
  expect(strongestRegions(grid, 'Real')).toEqual(['lower_right'])
  const values = packed([0, 0, 8, 0, 9, 0, 0, 0, 0])
  const two = gridOf({ width: 3, height: 3, values, step: 1, least: 0, most: 9 })
  expect(strongestRegions(two, 'Fake')).toEqual(['middle', 'upper_right'])
  expect(strongestRegions(two, 'Real')).toEqual([])
})

it('puts places of a heat map of any size into their regions', () => {
  const levels = Array.from({ length: 7 * 4 }, () => 0)
  levels[3 * 7 + 3] = 5
  const map = { width: 7, height: 4, values: packed(levels), step: 1, least: 0, most: 5 }
  expect(strongestRegions(gridOf(map), 'Fake')).toEqual(['lower'])
})

it('moves by keys and stays on the picture', () => {
  const middle = { x: 0.5, y: 0.5 }
  expect(movedBy('ArrowRight', middle)).toEqual({ x: 0.52, y: 0.5 })
  expect(movedBy('PageUp', middle)).toEqual({ x: 0.5, y: 0.4 })
  expect(movedBy('Home', middle)).toEqual({ x: 0, y: 0.5 })
  expect(movedBy('ArrowDown', { x: 0, y: 1 })).toEqual({ x: 0, y: 1 })
  expect(movedBy('Enter', middle)).toBeNull()
})

it('tells in words what lies at a place, with log-odds where the method has them', () => {
  const { at } = composed(useHeatText)
  const own = explanation()
  expect(at(grid, own, { x: 0, y: 0 })).toBe('For Fake: 100% of the maximum.')
  expect(at(grid, own, { x: 1, y: 1 })).toBe('For Real: 100% of the maximum.')
  expect(at(grid, own, { x: 0.5, y: 0.5 })).toBe('No influence.')
  expect(at(grid, own, { x: 0.5, y: 0.9 })).toBe("Outside the model's input.")
  const odds = explanation({ unit: 'log_odds' })
  expect(at(grid, odds, { x: 0.4, y: 0 })).toBe('For Fake: 20% of the maximum. 0.2 log-odds.')
})

it('tells in words where the strongest regions lie', () => {
  const { strongest } = composed(useHeatText)
  expect(strongest(grid, explanation(), 'Fake')).toBe(
    'Strongest evidence for Fake: upper left of the face.',
  )
  const whole = explanation({ judged: 'whole' })
  const nothing = gridOf({ ...whole.map, values: packed(Array.from({ length: 9 }, () => 0)) })
  expect(strongest(nothing, whole, 'Real')).toBe('No region of the picture is evidence for Real.')
})

it('counts the models that see signs of generation', () => {
  const signsText = composed(useSignsText)
  const said = (...verdicts: ('fake' | 'real' | 'uncertain')[]) =>
    signsText(comparison(verdicts.map((verdict) => prediction({ verdict }))))
  expect(said('fake', 'fake', 'real', 'uncertain')).toBe('2 of 4 models find signs of generation.')
  expect(said('fake', 'real')).toBe('1 of 2 models finds signs of generation.')
  expect(said('real', 'uncertain')).toBe('None of 2 models finds signs of generation.')
})

it('shows of a picture only the part that was judged', () => {
  expect(croppedTo({ left: 0.5, top: 0.25, width: 0.5, height: 0.5 })).toEqual({
    left: '-100.00%',
    top: '-50.00%',
    width: '200.00%',
    height: '200.00%',
  })
})

it('asks about the active model first, and about the face that is looked at', () => {
  const faces = [face(0.1), face(0.9)]
  const results = [prediction({ model: 'v3' }), prediction({ model: 'v4', judged: 'face', faces })]
  const answer = comparison(results)
  const choose = (chosen: number) => composed(() => useHeatChoice(() => answer, () => 'v4', () => chosen))
  const { question, model, method } = choose(1)
  expect(question.value).toEqual({ model: 'v4', method: 'gradcam', whole: false, face: 1 })
  expect(choose(5).question.value?.face).toBe(0)
  model.value = 1
  method.value = 'lime'
  expect(question.value).toEqual({ model: 'v3', method: 'lime', whole: true })
})
