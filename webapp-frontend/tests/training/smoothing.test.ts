import { expect, it } from 'vitest'
import { smoothed } from '@/features/training/curves'

it('gives the debiased moving average of TensorBoard', () => {
  // By hand, weight 0.6: 1; (0.6·0.4 + 0.4·2) / 0.64; (0.6·1.04 + 0.4·3) / 0.784
  const [first, second, third] = smoothed([1, 2, 3], 0.6)
  expect(first).toBeCloseTo(1)
  expect(second).toBeCloseTo(1.625)
  expect(third).toBeCloseTo(1.824 / 0.784)
})

it('leaves a curve alone without weight, or where it never changes', () => {
  expect(smoothed([1, 4, 2], 0)).toEqual([1, 4, 2])
  expect(smoothed([0.1, 0.1, 0.1], 0.9)).toEqual([0.1, 0.1, 0.1])
})

it('keeps gaps, and does not count them', () => {
  const values = smoothed([1, null, 2], 0.6)
  expect(values[1]).toBeNull()
  expect(values[2]).toBeCloseTo(1.625)
})
