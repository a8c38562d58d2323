import type { Card, FolderFile, ModelRow } from '@/api/types'

/** `assumed`: served without a card; `beside`: stands beside a model; `ignored`: nobody uses it. */
export type FileState = 'ready' | 'assumed' | 'loading' | 'broken' | 'beside' | 'ignored'

export interface FileRow {
  name: string
  role: FolderFile['role']
  /** Name of the model that it belongs to. */
  model: string | null
  state: FileState
  /** What is wrong with it, or why it is not ready yet. */
  problem: string | null
  assumptions: string[]
}

/** Every file of the models folder with what became of it. */
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

/** Percent, as typed, as a threshold in [0, 1]; null where it is none. */
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
