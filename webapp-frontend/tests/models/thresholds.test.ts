import { expect, it } from 'vitest'
import { fromPercent, toPercent } from '@/features/models/models'

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
