import type { Curve, Disagreement, EvaluationRow, ModelEvaluation, ModelRow } from '@/api/types'

/** More columns than this are hard to read side by side. */
export const READABLE = 4

/** Which models to compare: those asked for that are ready, or else the first few. */
export function chosenModels(ready: string[], asked: string | null): string[] {
  if (asked === null) return ready.slice(0, READABLE)
  const wanted = asked.split(',')
  return ready.filter((name) => wanted.includes(name))
}

export function readyNames(models: ModelRow[]): string[] {
  return models.filter(({ state }) => state === 'ready').map(({ name }) => name)
}

/** What was measured of each model; null: nothing was. */
export type Evaluations = Map<string, ModelEvaluation | null>

/** The pictures that a row was measured on, in words. */
export function testOf({ dataset, split, generator, delivery }: EvaluationRow): string {
  return [dataset, split, generator, delivery].filter(Boolean).join(' · ')
}

/** Every test that one of the models took, those that most of them took first. */
export function testsOf(evaluations: Evaluations): string[] {
  const taken = new Map<string, number>()
  for (const measured of evaluations.values()) {
    for (const row of measured?.evaluation.rows ?? []) {
      taken.set(testOf(row), (taken.get(testOf(row)) ?? 0) + 1)
    }
  }
  return [...taken].sort((a, b) => b[1] - a[1]).map(([test]) => test)
}

/** What one model did in a test. */
export function rowOf(measured: ModelEvaluation | null | undefined, test: string) {
  return measured?.evaluation.rows.find((row) => testOf(row) === test)
}

/** The ROC curve of one model in a test; null where there is none, as without real pictures. */
export function rocOf(measured: ModelEvaluation | null | undefined, test: string): Curve | null {
  const index = measured?.evaluation.rows.findIndex((row) => testOf(row) === test) ?? -1
  // Older files have that of the first row alone.
  const roc = measured?.curves?.rocs[index] ?? (index === 0 ? measured?.curves?.roc : null)
  return roc?.x.length ? roc : null
}

/** Whether all rows have as many pictures of each kind: otherwise they are not the same ones. */
export function sameSample(rows: EvaluationRow[]): boolean {
  return new Set(rows.map(({ n_real, n_fake }) => `${String(n_real)} ${String(n_fake)}`)).size < 2
}

export interface Wanted {
  /** Real or Fake; empty for both. */
  label: string
  /** The model that was wrong; empty for any. */
  wrong: string
}

export function filterPictures(pictures: Disagreement[], { label, wrong }: Wanted): Disagreement[] {
  return pictures.filter(
    (picture) =>
      (!label || picture.label === label) &&
      (!wrong || picture.calls.some(({ model, right }) => model === wrong && !right)),
  )
}

/** Chance is a poor explanation below this. */
const SIGNIFICANT = 0.05

/** Whether McNemar's test tells two models apart. */
export function differs(pValue: number): boolean {
  return pValue < SIGNIFICANT
}
