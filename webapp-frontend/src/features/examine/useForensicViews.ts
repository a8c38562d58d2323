import { shallowReactive } from 'vue'
import { getForensicView } from '@/api/endpoints'
import type { ForensicResult, ViewId } from '@/api/types'
import { useAsync } from '@/api/useAsync'

export const VIEWS: ViewId[] = [
  'error_level',
  'noise',
  'spectrum',
  'jpeg',
  'double_compression',
  'colours',
]

/**
 * All forensic views of a picture as far as they are computed. The requests follow one another:
 * together they would keep the service from other work. `load` repeats those that failed.
 */
export function useForensicViews(file: File) {
  const views = shallowReactive(new Map<ViewId, ForensicResult>())

  const { busy, failure, run: load } = useAsync(async (signal) => {
    let firstError: unknown
    for (const view of VIEWS.filter((name) => !views.has(name))) {
      try {
        views.set(view, await getForensicView(file, view, signal))
      } catch (error) {
        if (signal.aborted) return
        firstError ??= error
      }
    }
    if (firstError) throw firstError
  })

  void load()
  return { views, busy, failure, load }
}
