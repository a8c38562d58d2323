import type { VerdictName } from '@/api/types'
import { type Votes, votesOf } from '@/features/detect/verdicts'

/** What counts of one judged frame. */
export interface FrameVerdict {
  verdict: VerdictName
  /** Probability of Fake, in [0, 1]. */
  fake: number
}

/** Exponential means over the frames so far. */
export interface RunningVerdict {
  /** Weight of the frames with each verdict; the weights add up to 1. */
  weights: Votes
  /** Sum of the frames' probabilities of Fake times their weights, without frames out of scope. */
  weightedFake: number
}

/** After this many seconds a frame has lost 63 % of its weight. */
const MEMORY_SECONDS = 1.5

/** Below this weight of frames with a score there is no mean to speak of. */
const NOTHING = 1e-9

/**
 * The means after one more frame, `seconds` after the one before it. Weights fall with time and not
 * with the number of frames, so a slow service and a fast one forget equally fast.
 */
export function withFrame(
  before: RunningVerdict | null,
  { verdict, fake }: FrameVerdict,
  seconds: number,
): RunningVerdict {
  const share = before ? -Math.expm1(-seconds / MEMORY_SECONDS) : 1
  const mean = (old: number, value: number) => old + share * (value - old)
  const vote = votesOf([verdict])
  const { weights, weightedFake } = before ?? { weights: vote, weightedFake: 0 }
  return {
    weights: {
      fake: mean(weights.fake, vote.fake),
      real: mean(weights.real, vote.real),
      uncertain: mean(weights.uncertain, vote.uncertain),
      out_of_scope: mean(weights.out_of_scope, vote.out_of_scope),
    },
    weightedFake: mean(weightedFake, verdict === 'out_of_scope' ? 0 : fake),
  }
}

/** Mean probability of Fake of the frames with a score, in [0, 1]; null without such frames. */
export function meanFake({ weights, weightedFake }: RunningVerdict): number | null {
  const scored = weights.fake + weights.real + weights.uncertain
  return scored > NOTHING ? Math.min(1, Math.max(0, weightedFake / scored)) : null
}

/**
 * The verdict on the frames together: fake or real only if most frames with a score say so and their
 * mean is on the same side of the threshold, and out of scope if most frames are.
 */
export function verdictOf(running: RunningVerdict, threshold: number): VerdictName {
  const { fake, real, uncertain, out_of_scope: outside } = running.weights
  const scored = fake + real + uncertain
  const mean = meanFake(running)
  if (mean === null || outside > scored) return 'out_of_scope'
  if (fake > scored / 2 && mean >= threshold) return 'fake'
  if (real > scored / 2 && mean < threshold) return 'real'
  return 'uncertain'
}
