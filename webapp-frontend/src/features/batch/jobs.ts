import type { Job, JobPicture, VerdictName } from '@/api/types'
import { type Votes, votesOf } from '@/features/detect/verdicts'

/** What a file chooser offers as archives. */
export const ARCHIVE_TYPES = '.zip,application/zip,application/x-zip-compressed'

/** `several`: files that are not packed; `other`: a folder, or a file that is no ZIP. */
export type ArchiveProblem = 'several' | 'picture' | 'other' | 'tooLarge'

type FileFacts = Pick<File, 'name' | 'size' | 'type'>

/** Why files are not worth sending as an archive; null where there is one that may do. */
export function archiveProblem(files: readonly FileFacts[], maxBytes: number): ArchiveProblem | null {
  const [file, ...others] = files
  if (!file || others.length) return 'several'
  if (file.type.startsWith('image/')) return 'picture'
  // A folder, too, comes as a file: without a type, and it cannot be read.
  if (!/\.zip$/i.test(file.name) && !ARCHIVE_TYPES.split(',').includes(file.type)) return 'other'
  return file.size > maxBytes ? 'tooLarge' : null
}

/** Which models are to judge: the active one, all, or those named; and how. */
export interface JobOptions {
  which: 'active' | 'all' | 'chosen'
  names: string[]
  /** Whole pictures, also by models made for faces. */
  whole: boolean
  /** Each picture also after small changes. */
  changes: boolean
}

/** What the API is asked beside the archive, without what it does anyhow; null: no model named. */
export function jobQuery({ which, names, whole, changes }: JobOptions): Record<string, string> | null {
  if (which === 'chosen' && !names.length) return null
  return {
    ...(which !== 'active' && { models: which === 'all' ? 'all' : names.join(',') }),
    ...(whole && { whole: 'true' }),
    ...(changes && { stability: 'always' }),
  }
}

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

export function filterResults(results: JobPicture[], filter: ResultFilter): JobPicture[] {
  return results.filter(({ verdicts }) => WANTED[filter](verdicts.map(({ verdict }) => verdict)))
}
