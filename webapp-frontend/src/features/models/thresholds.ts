/** A threshold in [0, 1] as percent, without the noise of binary fractions. */
export function toPercent(threshold: number): number {
  return Number((threshold * 100).toFixed(6))
}

/** Percent, as typed, as a threshold in [0, 1]; null where it is none. */
export function fromPercent(typed: number | string): number | null {
  if (typeof typed !== 'number' || !(typed >= 0 && typed <= 100)) return null
  return Number((typed / 100).toFixed(8))
}
