import type { Job, JobPicture, VerdictName } from '@/api/types'

export function isActive({ state }: Pick<Job, 'state'>): boolean {
  return state === 'waiting' || state === 'running'
}

/** How much of a job is done, in [0, 1]. */
export function shareDone({ done, total }: Pick<Job, 'done' | 'total'>): number {
  return total ? done / total : 0
}

/** The quarters that are full, as a share: 0, 0.25, 0.5, 0.75 or 1. Read out, more would chatter. */
export function quarters(share: number): number {
  return Math.floor(share * 4) / 4
}

/** Seconds that a job has taken; null before it has ended. */
export function secondsTaken({ started, finished }: Pick<Job, 'started' | 'finished'>) {
  if (!started || !finished) return null
  return Math.max(0, (Date.parse(finished) - Date.parse(started)) / 1000)
}

/** How often a model reached each verdict. */
export interface Tally {
  model: string
  judged: number
  counts: Record<VerdictName, number>
}

export function talliesOf(models: string[], results: JobPicture[]): Tally[] {
  const tallies = new Map<string, Tally>(
    models.map((model) => [
      model,
      { model, judged: 0, counts: { fake: 0, real: 0, uncertain: 0, out_of_scope: 0 } },
    ]),
  )
  for (const { model, verdict } of results.flatMap(({ verdicts }) => verdicts)) {
    const tally = tallies.get(model)
    if (!tally) continue
    tally.judged += 1
    tally.counts[verdict] += 1
  }
  return [...tallies.values()]
}

/** `fake`: some model says so; `none`: files without a verdict. */
export type ResultFilter = 'all' | 'fake' | 'none'

export function wantedResults(results: JobPicture[], filter: ResultFilter): JobPicture[] {
  if (filter === 'all') return results
  return results.filter(({ verdicts }) =>
    filter === 'none' ? !verdicts.length : verdicts.some(({ verdict }) => verdict === 'fake'),
  )
}
