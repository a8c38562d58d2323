import { computed, onScopeDispose } from 'vue'
import { listModels, setActive, setThreshold } from '@/api/endpoints'
import type { ModelRow } from '@/api/types'
import { useAsync } from '@/api/useAsync'
import { shared } from '@/ui/state'

const POLL_MS = 2000

/** The list of models, read again by itself while it is empty or one of them is loading. */
export function createModels() {
  const { data: list, failure, run: load } = useAsync(() => listModels())
  const models = computed(() => list.value?.models ?? [])
  let timer: number | undefined

  async function refresh() {
    window.clearTimeout(timer)
    await load()
    window.clearTimeout(timer)
    const { value: rows } = models
    if (rows.length === 0 || rows.some(({ state }) => state === 'loading')) {
      timer = window.setTimeout(() => void refresh(), POLL_MS)
    }
  }

  function replace(row: ModelRow) {
    if (!list.value) return
    const rows = models.value.map((old) => (old.name === row.name ? row : old))
    list.value = { ...list.value, models: rows }
  }

  async function activate(name: string) {
    await setActive(name)
    await refresh()
  }

  async function changeThreshold(name: string, threshold: number | null) {
    replace(await setThreshold(name, threshold))
  }

  /** How often a model was right; null: not measured, undefined: not known (yet). */
  function trackRecord(name: string) {
    const row = models.value.find((model) => model.name === name)
    return row && (row.evaluation ?? null)
  }

  onScopeDispose(() => {
    window.clearTimeout(timer)
  })
  return { list, models, failure, refresh, activate, changeThreshold, trackRecord }
}

export const [provideModels, useModels] = shared(createModels)
