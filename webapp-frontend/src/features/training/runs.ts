import type { Card, RunSummary } from '@/api/types'

/** How many different looks there are for lines. */
export const LOOKS = 8

/** Runs shown at first where no model of the folder was trained in any of them. */
const FIRST_FEW = 3

/**
 * The place of each run among the looks. The oldest comes first, so that a run which begins
 * does not change the look of the others.
 */
export function lookOfRuns(runs: RunSummary[]): Map<string, number> {
  const age = ({ started, updated }: RunSummary) => Date.parse(started ?? updated)
  const oldestFirst = [...runs].sort((a, b) => age(a) - age(b) || a.name.localeCompare(b.name))
  return new Map(oldestFirst.map(({ name }, index) => [name, index % LOOKS]))
}

/** What to show before the reader has chosen: the newest run of each model, and what goes on. */
export function firstChoice(newestFirst: RunSummary[], models: string[]): string[] {
  const newest = models.flatMap((model) => newestFirst.find((run) => run.model === model) ?? [])
  const going = newestFirst.filter(({ status }) => status === 'running')
  const names = new Set([...newest, ...going].map(({ name }) => name))
  const chosen = newestFirst.filter(({ name }) => names.has(name))
  return (chosen.length ? chosen : newestFirst.slice(0, FIRST_FEW)).map(({ name }) => name)
}

/** The run in which a model was trained, as its card tells: `logs/v1/2026…` is run `v1/2026…`. */
export function runOfCard(card: Card | null | undefined): string | null {
  const folder = card?.training?.log_folder
  return folder?.replace(/^logs\//, '') ?? null
}
