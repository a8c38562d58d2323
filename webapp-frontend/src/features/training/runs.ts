import type { Card, ModelRow, RunSummary } from '@/api/types'

/** Number of different looks of lines. */
export const LOOKS = 8

/** Runs shown at first if no model of the folder was trained in any of them. */
const FIRST_FEW = 3

/** The look of each run. The oldest run comes first, so that a new run changes no other look. */
export function lookOfRuns(runs: RunSummary[]): Map<string, number> {
  const age = ({ started, updated }: RunSummary) => Date.parse(started ?? updated)
  const oldestFirst = [...runs].sort((a, b) => age(a) - age(b) || a.name.localeCompare(b.name))
  return new Map(oldestFirst.map(({ name }, index) => [name, index % LOOKS]))
}

/** The runs to show before the reader chooses: the newest of each model, and running ones. */
export function firstChoice(newestFirst: RunSummary[], models: string[]): string[] {
  const newest = models.flatMap((model) => newestFirst.find((run) => run.model === model) ?? [])
  const running = newestFirst.filter(({ status }) => status === 'running')
  const names = new Set([...newest, ...running].map(({ name }) => name))
  const chosen = newestFirst.filter(({ name }) => names.has(name))
  return (chosen.length ? chosen : newestFirst.slice(0, FIRST_FEW)).map(({ name }) => name)
}

/** The run in which a model was trained, from its card: `logs/v1/2026…` is run `v1/2026…`. */
export function runOfCard(card: Card | null | undefined): string | null {
  const folder = card?.training?.log_folder
  return folder?.replace(/^logs\//, '') ?? null
}

export interface RunProgress {
  /** Completed epochs. */
  done: number
  epochs: number
  /** Estimated from the epochs so far; null before the first one. */
  secondsLeft: number | null
}

/** The progress of a run; null if its number of epochs is unknown. */
export function progressOf({ facts, last, started, updated }: RunSummary): RunProgress | null {
  if (!facts) return null
  const { epochs } = facts
  const points = last.filter(({ tag }) => tag === 'epoch_loss').map((point) => point.points)
  const done = Math.min(epochs, Math.max(0, ...points))
  const seconds = started ? (Date.parse(updated) - Date.parse(started)) / 1000 : 0
  const secondsLeft = done && seconds > 0 ? (seconds / done) * (epochs - done) : null
  return { done, epochs, secondsLeft }
}

/** The model that was trained in a run; null if it is not in the folder. */
export function modelOfRun(run: string, models: ModelRow[]): string | null {
  return models.find(({ card }) => runOfCard(card) === run)?.name ?? null
}
