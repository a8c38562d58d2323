import { computed, shallowReactive, shallowRef, watchEffect, type Ref } from 'vue'
import { asFailure, type ApiFailure } from '@/api/failure'
import { getRun, listRuns } from '@/api/runs'
import type { RunDetail, RunSummary } from '@/api/types'
import { usePolling } from '@/api/usePolling'

const POLL_MS = 5000

/** All training runs, read again while the page is seen; null until they are known. */
export function useRuns() {
  const runs = shallowRef<RunSummary[] | null>(null)
  const failure = shallowRef<ApiFailure | null>(null)

  async function refresh() {
    try {
      const fresh = await listRuns()
      // The same runs again must not redraw anything.
      if (JSON.stringify(fresh) !== JSON.stringify(runs.value)) runs.value = fresh
      failure.value = null
    } catch (thrown) {
      failure.value = asFailure(thrown)
    }
  }

  usePolling(refresh, POLL_MS)
  return { runs, failure, refresh }
}

/** The curves of the chosen runs, read again only where a run has changed. */
export function useRunDetails(chosen: Ref<RunSummary[]>) {
  const known = shallowReactive(new Map<string, RunDetail>())
  const asked = new Map<string, string>()
  const failure = shallowRef<ApiFailure | null>(null)

  async function read({ name, updated }: RunSummary) {
    if (asked.get(name) === updated) return
    asked.set(name, updated)
    try {
      known.set(name, await getRun(name))
      failure.value = null
    } catch (thrown) {
      asked.delete(name)
      failure.value = asFailure(thrown)
    }
  }

  function readAll() {
    return Promise.all(chosen.value.map(read))
  }

  watchEffect(() => void readAll())
  const details = computed(() => chosen.value.flatMap(({ name }) => known.get(name) ?? []))
  const loading = computed(() => details.value.length < chosen.value.length)
  return { details, failure, loading, readAll }
}
