import { expect, it } from 'vitest'
import { jointVerdict, withFirst } from '@/domain/verdicts'
import { comparison, prediction } from './samples'

it('follows the majority of the models', () => {
  expect(jointVerdict(comparison([prediction()], 'Fake'))).toBe('fake')
  expect(jointVerdict(comparison([prediction({ verdict: 'real' })], 'Real'))).toBe('real')
})

it('is uncertain on a tie', () => {
  const tie = [prediction(), prediction({ verdict: 'real', prediction: 'Real' })]
  expect(jointVerdict(comparison(tie, null))).toBe('uncertain')
})

it('is uncertain where no model reached a verdict', () => {
  expect(jointVerdict(comparison([prediction({ verdict: 'uncertain' })], 'Fake'))).toBe('uncertain')
})

it('puts the active model first and keeps the order of the others', () => {
  const rows = ['v1', 'v2', 'v3'].map((model) => ({ model }))
  expect(withFirst(rows, 'v2').map((row) => row.model)).toEqual(['v2', 'v1', 'v3'])
  expect(withFirst(rows, null).map((row) => row.model)).toEqual(['v1', 'v2', 'v3'])
})
