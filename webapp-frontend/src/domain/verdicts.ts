import type { Comparison, VerdictName } from '@/api/types'

/** What all models together say: the majority, unless none of them reached a verdict. */
export function jointVerdict({ agreement, results }: Comparison): VerdictName {
  const reached = results.some(({ verdict }) => verdict === 'fake' || verdict === 'real')
  if (agreement.majority === null || !reached) return 'uncertain'
  return agreement.majority === 'Fake' ? 'fake' : 'real'
}

/** The verdicts with that of one model first, the others as they came. */
export function withFirst<T extends { model: string }>(results: T[], first: string | null): T[] {
  const rank = ({ model }: T) => (model === first ? 0 : 1)
  return [...results].sort((a, b) => rank(a) - rank(b))
}
