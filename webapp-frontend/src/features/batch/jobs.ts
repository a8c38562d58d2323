import type { ClassName, Confusion, Job, JobPicture, LabelledCounts, VerdictName } from '@/api/types'
import { type Votes, votesOf } from '@/features/detect/verdicts'

/** What a file chooser offers as archives. */
export const ARCHIVE_TYPES = '.zip,application/zip,application/x-zip-compressed'

/** `other`: a file that is neither a ZIP archive nor a picture. */
export type ArchiveProblem = 'other' | 'tooLarge'

type FileFacts = Pick<File, 'name' | 'size' | 'type'>

/** True if a file calls itself a ZIP archive. */
export function isArchive({ name, type }: Pick<FileFacts, 'name' | 'type'>): boolean {
  return /\.zip$/i.test(name) || ARCHIVE_TYPES.split(',').includes(type)
}

/** Why a file is not worth sending as an archive; null if it may be one. */
export function archiveProblem(file: FileFacts, maxBytes: number): ArchiveProblem | null {
  if (!isArchive(file)) return 'other'
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

/** A model's calls by the class that the folders name. */
export interface LabelledConfusion {
  model: string
  right: number
  total: number
  confusion: Pick<Confusion, 'true_real' | 'false_fake' | 'missed_fake' | 'true_fake'>
  undecided: Record<'real' | 'fake', number>
  /** Files without a verdict; undefined if every file has one. */
  failed?: Record<'real' | 'fake', number>
}

const NO_FILES = { right: 0, wrong: 0, undecided: 0, failed: 0 }

export function confusionsOf(labelled: LabelledCounts[]): LabelledConfusion[] {
  return [...new Set(labelled.map(({ model }) => model))].map((model) => {
    const of = (label: ClassName) =>
      labelled.find((counts) => counts.model === model && counts.label === label) ?? NO_FILES
    const [real, fake] = [of('Real'), of('Fake')]
    const right = real.right + fake.right
    const failed = { real: real.failed, fake: fake.failed }
    const others = [real, fake].flatMap((counts) => [counts.wrong, counts.undecided, counts.failed])
    return {
      model,
      right,
      total: others.reduce((sum, number) => sum + number, right),
      confusion: {
        true_real: real.right,
        false_fake: real.wrong,
        missed_fake: fake.wrong,
        true_fake: fake.right,
      },
      undecided: { real: real.undecided, fake: fake.undecided },
      ...(real.failed + fake.failed && { failed }),
    }
  })
}

/**
 * `fake`: some model says so; `open`: some model reaches no verdict; `wrong`: some verdict is not
 * the class that the folders name; `none`: no verdict at all.
 */
export const RESULT_FILTERS = ['all', 'fake', 'open', 'wrong', 'none'] as const
export type ResultFilter = (typeof RESULT_FILTERS)[number]

const CONDITIONS: Record<
  ResultFilter,
  (verdicts: VerdictName[], label: JobPicture['label']) => boolean
> = {
  all: () => true,
  fake: (verdicts) => verdicts.includes('fake'),
  open: (verdicts) => verdicts.some((name) => name === 'uncertain' || name === 'out_of_scope'),
  wrong: (verdicts, label) => label != null && verdicts.includes(label === 'Fake' ? 'real' : 'fake'),
  none: (verdicts) => !verdicts.length,
}

/** The results of one kind whose file name contains a text. */
export function filterResults(
  results: JobPicture[],
  filter: ResultFilter,
  search = '',
): JobPicture[] {
  const text = search.trim().toLowerCase()
  return results.filter(({ file, label, verdicts }) => {
    const names = verdicts.map(({ verdict }) => verdict)
    return CONDITIONS[filter](names, label) && (!text || file.toLowerCase().includes(text))
  })
}

export function verdictOf({ verdicts }: JobPicture, name: string) {
  return verdicts.find(({ model }) => model === name)
}

/** An order of results: `file`, or `fake:` and a model's name; `-` before it reverses; empty: the archive's. */
export type ResultOrder = string

const BY_MODEL = 'fake:'

/** The order by a model's probability of Fake. */
export function orderBy(model: string): ResultOrder {
  return BY_MODEL + model
}

/** Results in an order; those that a model did not score come last in both directions. */
export function sortResults(results: JobPicture[], order: ResultOrder): JobPicture[] {
  const sign = order.startsWith('-') ? -1 : 1
  const column = sign < 0 ? order.slice(1) : order
  if (column === 'file') {
    const { compare } = new Intl.Collator(undefined, { numeric: true })
    return results.toSorted((a, b) => sign * compare(a.file, b.file))
  }
  if (!column.startsWith(BY_MODEL)) return results
  const model = column.slice(BY_MODEL.length)
  const scores = new Map(results.map((result) => [result, fakeScore(result, model)]))
  return results.toSorted((a, b) => {
    const [first, second] = [scores.get(a), scores.get(b)]
    if (first == null || second == null) return Number(first == null) - Number(second == null)
    return sign * (first - second)
  })
}

/** A model's probability of Fake; null if it gives none. */
function fakeScore(result: JobPicture, model: string): number | null {
  const verdict = verdictOf(result, model)
  return verdict && verdict.verdict !== 'out_of_scope' ? verdict.probability.fake : null
}
