import type { Estimate } from '@/api/types'

export interface Named extends Estimate {
  model: string
}

/** Whether two 95% intervals have a point in common. */
export function overlap(a: Estimate, b: Estimate): boolean {
  return a.low <= b.high && b.low <= a.high
}

/**
 * The model whose whole interval lies on the better side of every other model's;
 * null where no model can honestly be called better.
 */
export function clearlyBest(estimates: Named[], lowIsBest: boolean): string | null {
  if (estimates.length < 2) return null
  const sign = lowIsBest ? -1 : 1
  const best = estimates.reduce((a, b) => (sign * b.value > sign * a.value ? b : a))
  const rivals = estimates.filter(({ model }) => model !== best.model)
  return rivals.some((rival) => overlap(best, rival)) ? null : best.model
}
