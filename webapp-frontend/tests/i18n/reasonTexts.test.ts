import { expect, it } from 'vitest'
import type { Prediction, Reason } from '@/api/types'
import { i18n } from '@/i18n/i18n'
import { useAgreementText, useConformalText, useReasonTexts } from '@/i18n/verdicts'
import openapi from '../../openapi.json'
import { composed } from '../composed'
import { comparison, face, prediction, unstable } from '../samples'

const { schemas } = openapi.components

function reasonOf(code: Reason['code'], changes: Partial<Prediction> = {}) {
  const explained = [{ code, message: 'as the service says' }]
  const finding = prediction({ explained, ...changes })
  return composed(useReasonTexts)(finding, finding.threshold, finding)[0]
}

it('has words for every reason, grade and measure of the service', () => {
  const keys = [
    ...schemas.Reason.properties.code.enum.map((code) => `reason.${code}`),
    ...schemas.Prediction.properties.evidence.enum.map((grade) => `evidence.${grade}`),
    ...schemas.Prediction.properties.verdict.enum.map((verdict) => `verdict.${verdict}`),
    ...schemas.Scope.properties.measures.items.enum.map((name) => `models.measure.${name}`),
    ...['jpeg_60', 'half_size', 'shift', 'flip'].map((change) => `change.${change}`),
  ]
  expect(keys.filter((key) => !i18n.global.te(key))).toEqual([])
})

it('grades signs and never speaks of proof', () => {
  const grades = schemas.Prediction.properties.evidence.enum
  const texts = grades.map((grade) => i18n.global.t(`evidence.${grade}`))
  expect(texts).toEqual([
    'Weak signs of generation',
    'Moderate signs of generation',
    'Strong signs of generation',
    'Very strong signs of generation',
  ])
  expect(i18n.global.t('evidence.caveat')).toContain('do not mean that the picture is authentic')
})

it('puts the numbers of the answer into the reason', () => {
  expect(reasonOf('above_threshold')).toBe(
    '87.0% probability of fake is at or above the threshold of 50%.',
  )
  const set = { coverage: 0.9, classes: ['Real', 'Fake'] as ('Real' | 'Fake')[] }
  expect(reasonOf('conformal_both', { conformal: set })).toContain('At 90% coverage, the picture could be real or fake')
  expect(reasonOf('conformal_other', { conformal: { ...set, classes: ['Real'] } })).toContain('only be Real')
})

it('names the change that turned the verdict', () => {
  expect(reasonOf('unstable', { stability: unstable })).toBe(
    'The verdict is not robust. A small change reverses it: recompressed as JPEG, quality 60.',
  )
})

it('says how many faces there are and which of them the verdict is on', () => {
  const faces = [face(0.2), face(0.9)]
  const image = { ...prediction().image, faces: 2 }
  expect(reasonOf('several_faces', { faces, image, leading_face: 1 })).toContain('2 faces were detected. This is the verdict on face 2')
  // The service says how many of a crowd were judged.
  const crowd = { ...image, faces: 40 }
  expect(reasonOf('several_faces', { faces, image: crowd })).toBe('as the service says')
})

it('falls back to the words of the service', () => {
  expect(reasonOf('of_tomorrow' as Reason['code'])).toBe('as the service says')
  expect(reasonOf('unstable')).toBe('as the service says')
  expect(reasonOf('conformal_none')).toBe('as the service says')
})

it('says what a conformal set leaves possible', () => {
  const text = composed(useConformalText)
  expect(text({ coverage: 0.9, classes: ['Real', 'Fake'] })).toBe('either is possible at 90% coverage')
  expect(text({ coverage: 0.9, classes: ['Fake'] })).toBe('only Fake is possible at 90% coverage')
  expect(text({ coverage: 0.95, classes: [] })).toBe('neither is likely at 95% coverage')
})

it('counts the models that reached a verdict, and says which did not', () => {
  const text = composed(useAgreementText)
  const of = (...verdicts: Prediction['verdict'][]) =>
    text(comparison(verdicts.map((verdict) => prediction({ verdict }))))
  expect(of('fake', 'fake', 'real')).toBe('2 of 3 models say Fake.')
  expect(of('fake', 'real')).toBe('The models are split: of 2, 1 for Fake and 1 for Real.')
  expect(of('real', 'uncertain', 'out_of_scope')).toBe(
    '1 of 3 models says Real. 1 is uncertain. 1 was not trained for this kind of picture.',
  )
  expect(of('uncertain', 'uncertain')).toBe('No model reached a verdict. 2 are uncertain.')
})
