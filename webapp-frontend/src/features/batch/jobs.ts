import type { Job, JobPicture, VerdictName } from '@/api/types'
import { votesOf, type Votes } from '@/features/detect/verdicts'

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
  counts: Votes
}

export function talliesOf(models: string[], results: JobPicture[]): Tally[] {
  const all = results.flatMap(({ verdicts }) => verdicts)
  return models.map((model) => {
    const own = all.filter((one) => one.model === model).map(({ verdict }) => verdict)
    return { model, judged: own.length, counts: votesOf(own) }
  })
}

/** `fake`: some model says so; `open`: some model reaches no verdict; `none`: not even a look. */
export type ResultFilter = 'all' | 'fake' | 'open' | 'none'

const WANTED: Record<ResultFilter, (verdicts: VerdictName[]) => boolean> = {
  all: () => true,
  fake: (verdicts) => verdicts.includes('fake'),
  open: (verdicts) => verdicts.some((one) => one === 'uncertain' || one === 'out_of_scope'),
  none: (verdicts) => !verdicts.length,
}

export function wantedResults(results: JobPicture[], filter: ResultFilter): JobPicture[] {
  return results.filter(({ verdicts }) => WANTED[filter](verdicts.map(({ verdict }) => verdict)))
}
