import type { Change, Comparison, Face, Prediction, Reason, Stability, VerdictName } from '@/api/types'

/** What a model says, of a picture or of one face on it. */
export type VerdictResult = Prediction | Face

export type Votes = Record<VerdictName, number>

/** How often each verdict was reached. */
export function votesOf(verdicts: VerdictName[]): Votes {
  const votes: Votes = { fake: 0, real: 0, uncertain: 0, out_of_scope: 0 }
  for (const verdict of verdicts) votes[verdict] += 1
  return votes
}

/** What `useAgreementText` reads of an answer. */
export interface Agreed {
  results: Prediction[]
  agreement: Pick<Comparison['agreement'], 'fake' | 'real' | 'majority'>
}

/** The votes of some models, in the form of the service's agreement. */
export function agreementOf(results: Prediction[]): Agreed {
  const { fake, real } = votesOf(results.map(({ verdict }) => verdict))
  const majority = fake === real ? null : fake > real ? 'Fake' : 'Real'
  return { results, agreement: { fake, real, majority } }
}

/** The verdict of a vote: its majority, or why there is none. */
export function jointVerdict({ agreement, results }: Agreed): VerdictName {
  if (agreement.majority) return agreement.majority === 'Fake' ? 'fake' : 'real'
  const outside = results.length > 0 && results.every(({ verdict }) => verdict === 'out_of_scope')
  return outside ? 'out_of_scope' : 'uncertain'
}

/** The verdicts with that of one model first, the others as they came. */
export function withFirst<T extends { model: string }>(results: T[], first: string | null): T[] {
  const rank = ({ model }: T) => (model === first ? 0 : 1)
  return [...results].sort((a, b) => rank(a) - rank(b))
}

/** Whether a reason is among those for a verdict. */
export function hasReason({ explained }: Pick<VerdictResult, 'explained'>, reason: Reason['code']): boolean {
  return explained.some(({ code }) => code === reason)
}

/** The small changes of the picture under which a model calls it something else. */
export function turning({ changes }: Stability, prediction: 'Real' | 'Fake'): Change[] {
  return changes.filter((change) => change.prediction !== prediction)
}
