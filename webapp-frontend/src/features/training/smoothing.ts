/** Null where there is no number. */
export type Value = number | null

/**
 * Exponential moving average as TensorBoard draws it: `weight` in [0, 1) is what the past counts,
 * and the first values are freed of the pull towards zero (the debiasing of Adam).
 * Gaps stay gaps; a curve that never changes stays as it is.
 */
export function smoothed(values: Value[], weight: number): Value[] {
  const first = values[0]
  if (values.every((value) => value === first)) return values
  let past = 0
  let seen = 0
  return values.map((value) => {
    if (value === null) return null
    past = past * weight + (1 - weight) * value
    seen += 1
    return past / (1 - weight ** seen)
  })
}
