import type { RunSummary } from '@/api/types'

const FIRST = ['epoch_accuracy', 'epoch_loss', 'epoch_learning_rate']

/** Every metric that one of the runs has: the best known first, the rest by name. */
export function tagsOf(runs: RunSummary[]): string[] {
  const place = (tag: string) => (FIRST.includes(tag) ? FIRST.indexOf(tag) : FIRST.length)
  const tags = new Set(runs.flatMap(({ last }) => last.map(({ tag }) => tag)))
  return [...tags].sort((a, b) => place(a) - place(b) || a.localeCompare(b))
}

/** Whether a metric is counted by epochs; otherwise by steps of the training. */
export function isByEpoch(tag: string): boolean {
  return tag.startsWith('epoch_')
}

/** Which of its values is the best one; null where none is, as for a learning rate. */
export function bestOf(tag: string): 'highest' | 'lowest' | null {
  if (/loss|error|brier|(^|_)m[as]e($|_)/.test(tag)) return 'lowest'
  return /accuracy|auc|precision|recall|f1/.test(tag) ? 'highest' : null
}
