import { expect, it } from 'vitest'
import { clearlyBest, overlap } from '@/features/evaluation/metrics'

const of = (model: string, value: number, low: number, high: number) => ({ model, value, low, high })

it('sees that intervals overlap, also where they only touch', () => {
  expect(overlap(of('a', 0.6, 0.5, 0.7), of('b', 0.75, 0.7, 0.8))).toBe(true)
  expect(overlap(of('a', 0.6, 0.5, 0.69), of('b', 0.75, 0.7, 0.8))).toBe(false)
})

it('calls a model better only where its interval is apart from all others', () => {
  const low = of('low', 0.6, 0.55, 0.65)
  const high = of('high', 0.9, 0.85, 0.95)
  expect(clearlyBest([low, high], false)).toBe('high')
  expect(clearlyBest([low, high], true)).toBe('low')
  expect(clearlyBest([low, high, of('near', 0.84, 0.8, 0.88)], false)).toBeNull()
})

it('calls nobody better without a rival', () => {
  expect(clearlyBest([of('only', 0.9, 0.8, 1)], false)).toBeNull()
  expect(clearlyBest([], false)).toBeNull()
})
