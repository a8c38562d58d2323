import type { Curve, Disagreement, EvaluationRow, ModelEvaluation, ModelRow } from '@/api/types'
import type { Evaluations } from '@/features/evaluation/useEvaluations'

/** More columns than this are hard to read side by side. */
export const READABLE = 4

/** The models of the address that are ready; without any, the active model and the first others. */
export function chosenModels(ready: string[], address: string | null, active?: string): string[] {
  if (address !== null) {
    const names = address.split(',')
    return ready.filter((name) => names.includes(name))
  }
  const others = ready.filter((name) => name !== active).slice(0, READABLE - 1)
  return ready.filter((name) => name === active || others.includes(name))
}

export function readyNames(models: ModelRow[]): string[] {
  return models.filter(({ state }) => state === 'ready').map(({ name }) => name)
}

/** The test set of a row as a text. */
export function testOf({ dataset, split, generator, delivery }: EvaluationRow): string {
  return [dataset, split, generator, delivery].filter(Boolean).join(' · ')
}

/** The test sets of all models, those of most models first. */
export function testsOf(evaluations: Evaluations): string[] {
  const counts = new Map<string, number>()
  for (const measured of evaluations.values()) {
    for (const row of measured?.evaluation.rows ?? []) {
      counts.set(testOf(row), (counts.get(testOf(row)) ?? 0) + 1)
    }
  }
  return [...counts].sort((a, b) => b[1] - a[1]).map(([test]) => test)
}

/** The row of a test set in an evaluation. */
export function rowOf(measured: ModelEvaluation | null | undefined, test: string) {
  return measured?.evaluation.rows.find((row) => testOf(row) === test)
}

/** The ROC curve of a model in a test; null if there is none, for example without real pictures. */
export function rocOf(measured: ModelEvaluation | null | undefined, test: string): Curve | null {
  const index = measured?.evaluation.rows.findIndex((row) => testOf(row) === test) ?? -1
  // Older files have the curve of the first row only.
  const roc = measured?.curves?.rocs[index] ?? (index === 0 ? measured?.curves?.roc : null)
  return roc?.x.length ? roc : null
}

/** Whether all rows have equal numbers of pictures of each class; otherwise the pictures differ. */
export function sameSample(rows: EvaluationRow[]): boolean {
  return new Set(rows.map(({ n_real, n_fake }) => `${String(n_real)} ${String(n_fake)}`)).size < 2
}

export interface PictureFilter {
  /** Real or Fake; empty for both. */
  label: string
  /** A model that was wrong; empty for any. */
  wrong: string
}

export function filterPictures(pictures: Disagreement[], { label, wrong }: PictureFilter): Disagreement[] {
  return pictures.filter(
    (picture) =>
      (!label || picture.label === label) &&
      (!wrong || picture.calls.some(({ model, right }) => model === wrong && !right)),
  )
}

/** The usual level of significance. */
const SIGNIFICANT = 0.05

/** Whether McNemar's test tells two models apart. */
export function differs(pValue: number): boolean {
  return pValue < SIGNIFICANT
}

/** A column of the heat table: pictures of one generator, or after one perturbation. */
export interface Condition {
  id: string
  generator: string | null
  delivery: string
  /** The row of each model that was tested on them. */
  rows: Map<string, EvaluationRow>
}

/** The data sets of all models, those of most models first. */
export function datasetsOf(evaluations: Evaluations): string[] {
  const models = new Map<string, Set<string>>()
  for (const [model, measured] of evaluations) {
    for (const { dataset } of measured?.evaluation.rows ?? []) {
      models.set(dataset, (models.get(dataset) ?? new Set()).add(model))
    }
  }
  return [...models].sort((a, b) => b[1].size - a[1].size).map(([dataset]) => dataset)
}

/** The conditions under which models were tested on a data set. */
export function conditionsOf(evaluations: Evaluations, dataset: string) {
  const conditions = new Map<string, Condition>()
  for (const [model, measured] of evaluations) {
    for (const row of measured?.evaluation.rows ?? []) {
      if (row.dataset !== dataset) continue
      const { delivery } = row
      const generator = row.generator ?? null
      const id = `${generator ?? ''} ${delivery}`
      const condition = conditions.get(id) ?? { id, generator, delivery, rows: new Map() }
      condition.rows.set(model, row)
      conditions.set(id, condition)
    }
  }
  const all = [...conditions.values()]
  return {
    whole: all.filter(({ generator, delivery }) => !generator && delivery === 'original'),
    generators: all.filter(({ generator, delivery }) => generator && delivery === 'original'),
    perturbations: all.filter(({ generator, delivery }) => !generator && delivery !== 'original'),
  }
}
