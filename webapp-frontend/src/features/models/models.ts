import type { Card, Curves, FolderFile, ModelRow } from '@/api/types'
import { pointsOf } from '@/features/evaluation/metrics'
import type { Evaluations } from '@/features/evaluation/useEvaluations'
import type { Assumptions } from '@/i18n/assumptions'
import { type Point, pointAt } from '@/ui/charts/lines'

/** `assumed`: served without a card; `beside`: belongs to a model; `ignored`: not used. */
export type FileState = 'ready' | 'assumed' | 'loading' | 'broken' | 'beside' | 'ignored'

export interface FileRow extends Assumptions {
  name: string
  role: FolderFile['role']
  /** Name of the model that it belongs to. */
  model: string | null
  state: FileState
  /** What is wrong with it, or why it is not ready yet. */
  problem: string | null
}

/** Every file of the models folder with its state. */
export function fileRows(files: FolderFile[], models: ModelRow[]): FileRow[] {
  return files.map((file) => {
    const model = file.role === 'model' ? models.find((row) => row.file.name === file.name) : null
    return {
      name: file.name,
      role: file.role,
      model: file.model ?? null,
      state: stateOf(file, model),
      problem: file.problem ?? model?.problem ?? null,
      assumptions: model?.assumptions ?? [],
      assumed: model?.assumed ?? [],
    }
  })
}

function stateOf(file: FolderFile, model: ModelRow | null | undefined): FileState {
  if (model?.state === 'broken') return 'broken'
  if (model) return model.state === 'ready' && model.assumptions.length ? 'assumed' : model.state
  if (file.problem) return 'broken'
  if (file.role === 'model') return 'loading'
  return file.role === 'other' ? 'ignored' : 'beside'
}

/** A threshold in [0, 1] as percent, without the noise of binary fractions. */
export function toPercent(threshold: number): number {
  return Number((threshold * 100).toFixed(6))
}

/** A typed percentage as a threshold in [0, 1]; null if it is not one. */
export function fromPercent(typed: number | string): number | null {
  if (typeof typed !== 'number' || !(typed >= 0 && typed <= 100)) return null
  return Number((typed / 100).toFixed(8))
}

/** Of each member: its share in the mean, or its coefficient in the stack. */
export function influencesOf({ members, combination }: Card): number[] {
  if (combination?.kind === 'stacked') return combination.coefficients
  const total = members.reduce((sum, { weight }) => sum + weight, 0)
  return members.map(({ weight }) => weight / total)
}

/** Shares of real faces called fake and of fakes called fake at a threshold. */
export interface ThresholdCost {
  accused: number
  found: number
}

interface ClassCurves {
  real: Point[]
  fake: Point[]
}

function classCurves(curves: Curves | null | undefined): ClassCurves | null {
  const { real_accuracy: real, fake_accuracy: fake } = curves?.thresholds ?? {}
  return real && fake ? { real: pointsOf(real), fake: pointsOf(fake) } : null
}

/** What a threshold costs on the test set; null if the evaluation has no such curves. */
export function costAt(curves: Curves | null | undefined, threshold: number): ThresholdCost | null {
  const classes = classCurves(curves)
  const real = classes && pointAt(classes.real, threshold)?.y
  const fake = classes && pointAt(classes.fake, threshold)?.y
  return real == null || fake == null ? null : { accused: 1 - real, found: fake }
}

export type Preset = 'cautious' | 'balanced' | 'sensitive'

/** At most this share of real faces is accused at the cautious threshold. */
export const FEW_ACCUSED = 0.01
/** At least this share of fakes is found at the sensitive threshold. */
export const MOST_FOUND = 0.9

/** Thresholds for three aims; an aim that no threshold reaches is left out. */
export function presetsOf(curves: Curves | null | undefined): [preset: Preset, value: number][] {
  const classes = classCurves(curves)
  if (!classes) return []
  const costs = classes.real.flatMap(({ x }) => {
    const cost = costAt(curves, x)
    return cost ? [{ x, ...cost }] : []
  })
  const youden = ({ accused, found }: ThresholdCost) => found - accused
  const values: Record<Preset, number | undefined> = {
    cautious: costs.find(({ accused }) => accused <= FEW_ACCUSED)?.x,
    balanced: costs.reduce<(typeof costs)[number] | undefined>(
      (best, cost) => (best && youden(best) >= youden(cost) ? best : cost),
      undefined,
    )?.x,
    sensitive: costs.findLast(({ found }) => found >= MOST_FOUND)?.x,
  }
  return (Object.entries(values) as [Preset, number | undefined][]).flatMap(([preset, value]) =>
    value === undefined ? [] : [[preset, value]],
  )
}

/** Every warning about test data, with the models that were tested on it. */
export function warningsOf(evaluations: Evaluations): { text: string; models: string[] }[] {
  const models = new Map<string, string[]>()
  for (const [name, measured] of evaluations) {
    for (const warning of measured?.evaluation.data_warnings ?? []) {
      models.set(warning, [...(models.get(warning) ?? []), name])
    }
  }
  return [...models].map(([text, names]) => ({ text, models: names }))
}

/** Models whose test data has not been inspected. */
export function uninspected(evaluations: Evaluations): string[] {
  return [...evaluations].flatMap(([name, measured]) =>
    measured && measured.evaluation.data_warnings == null ? [name] : [],
  )
}
