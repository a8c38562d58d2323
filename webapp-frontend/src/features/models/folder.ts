import type { FolderFile, ModelRow } from '@/api/types'

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
