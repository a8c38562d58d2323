import { computed, type Ref } from 'vue'
import { getRun, listRuns } from '@/api/endpoints'
import type { RunSummary } from '@/api/types'
import { useAsync, useAsyncEach } from '@/api/useAsync'
import { usePolling } from '@/api/usePolling'
import { useModels } from '@/features/models/useModels'
import { useQueryParam, useRemembered } from '@/ui/state'
import { firstChoice } from './runs'

const POLL_MS = 5000

/** All training runs, refreshed while the page is visible; null until the first answer. */
export function useRuns() {
  let previous: RunSummary[] = []
  const { data: runs, failure, run: refresh } = useAsync(async () => {
    const latest = await listRuns()
    // An unchanged list must not redraw anything.
    if (JSON.stringify(latest) !== JSON.stringify(previous)) previous = latest
    return previous
  })
  usePolling(refresh, POLL_MS)
  return { runs, failure, refresh }
}

/** The curves of the chosen runs, read again only when a run has changed. */
export function useRunDetails(chosen: Ref<RunSummary[]>) {
  const { answers, ...state } = useAsyncEach(chosen, getRun, ({ updated }) => updated)
  const details = computed(() => chosen.value.flatMap(({ name }) => answers.get(name) ?? []))
  return { details, ...state }
}

/** The selected runs: those of the address, or the last choice, or the runs of the models. */
export function useRunChoice(runs: Ref<RunSummary[] | null>) {
  const { list, models } = useModels()
  const address = useQueryParam('runs')
  const remembered = useRemembered<string[] | null>('training-runs', null)

  const names = computed<string[]>({
    get() {
      if (address.value) return address.value.split(',')
      const { value: old } = remembered
      // A choice of runs that no longer exist would show nothing.
      if (old && (!old.length || runs.value?.some(({ name }) => old.includes(name)))) return old
      if (!list.value) return []
      return firstChoice(runs.value ?? [], models.value.map(({ name }) => name))
    },
    set(chosen) {
      remembered.value = chosen
      address.value = ''
    },
  })
  const chosen = computed(() => runs.value?.filter(({ name }) => names.value.includes(name)) ?? [])
  return { names, chosen }
}
