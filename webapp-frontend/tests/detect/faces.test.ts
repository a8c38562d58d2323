import { expect, it } from 'vitest'
import type { ModelRow } from '@/api/types'
import { faceJudges, looksForFaces, placeOf } from '@/features/detect/faces'
import { face, prediction } from '../samples'

it('lays a box over the picture, and cuts off what lies beside it', () => {
  const box = { left: 0.25, top: 0.5, width: 0.5, height: 0.25 }
  expect(placeOf(box)).toEqual({ left: '25.00%', top: '50.00%', width: '50.00%', height: '25.00%' })
  const over = { left: -0.1, top: 0.9, width: 0.3, height: 0.3 }
  expect(placeOf(over)).toEqual({ left: '0.00%', top: '90.00%', width: '20.00%', height: '10.00%' })
})

it('tells the models that judge faces from those that judge the whole', () => {
  const judged = prediction({ model: 'v4', faces: [face(0.3)] })
  expect(faceJudges([prediction(), judged])).toEqual([judged])
  const withMargin = (margin: number | null) =>
    ({ card: { input: { face_margin: margin } } }) as unknown as ModelRow
  expect([0.3, 0, null].map((margin) => looksForFaces(withMargin(margin)))).toEqual([true, true, false])
  expect(looksForFaces({ card: null })).toBe(false)
})
