import { expect, it } from 'vitest'
import type { Prediction, VerdictName } from '@/api/types'
import { agreementOf, hasReason, jointVerdict, turning, withFirst } from '@/features/detect/verdicts'
import { prediction, unstable } from '../samples'

function joint(...verdicts: VerdictName[]) {
  const results: Prediction[] = verdicts.map((verdict) => prediction({ verdict }))
  return jointVerdict(agreementOf(results))
}

it('follows the majority of the models that reached a verdict', () => {
  expect(joint('fake')).toBe('fake')
  expect(joint('real', 'real', 'fake')).toBe('real')
  expect(joint('fake', 'uncertain', 'uncertain', 'out_of_scope')).toBe('fake')
})

it('is uncertain on a tie, and where no model reached a verdict', () => {
  expect(joint('fake', 'real')).toBe('uncertain')
  expect(joint('uncertain')).toBe('uncertain')
  expect(joint('uncertain', 'out_of_scope')).toBe('uncertain')
})

it('is out of scope only where all models say so', () => {
  expect(joint('out_of_scope', 'out_of_scope')).toBe('out_of_scope')
  expect(joint('out_of_scope', 'real')).toBe('real')
})

it('knows the reasons of a verdict, and the changes that change the verdict', () => {
  const doubted = prediction({ explained: [{ code: 'unstable', message: '' }] })
  expect(hasReason(doubted, 'unstable')).toBe(true)
  expect(hasReason(doubted, 'no_face')).toBe(false)
  expect(turning(unstable, 'Fake').map(({ change }) => change)).toEqual(['jpeg_60'])
  expect(turning(unstable, 'Real').map(({ change }) => change)).toEqual(['flip'])
})

it('puts the active model first and keeps the order of the others', () => {
  const rows = ['v1', 'v2', 'v3'].map((model) => ({ model }))
  expect(withFirst(rows, 'v2').map((row) => row.model)).toEqual(['v2', 'v1', 'v3'])
  expect(withFirst(rows, null).map((row) => row.model)).toEqual(['v1', 'v2', 'v3'])
})
