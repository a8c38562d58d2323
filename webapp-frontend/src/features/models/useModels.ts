import { computed, onScopeDispose, shallowReactive } from 'vue'
import { listModels, measureSpeed, setActive, setThreshold } from '@/api/endpoints'
import type { ModelRow, ModelSpeed } from '@/api/types'
import { useAsync } from '@/api/useAsync'
import { shared } from '@/ui/state'

const POLL_MS = 2000

/** The list of models, refreshed while it is empty or a model is loading. */
export function createModels() {
  const { data: list, failure, run: load } = useAsync(() => listModels())
  const models = computed(() => list.value?.models ?? [])
  /** The latest measurement of each model in this visit. */
  const speeds = shallowReactive(new Map<string, ModelSpeed>())
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

  /** Times models one after another, so that they do not slow each other down. */
  async function measureSpeeds(names: string[]) {
    for (const name of names) speeds.delete(name)
    for (const name of names) speeds.set(name, await measureSpeed(name))
  }

  /** The evaluation of a model; null: not evaluated, undefined: not known yet. */
  function trackRecord(name: string) {
    const row = models.value.find((model) => model.name === name)
    return row && (row.evaluation ?? null)
  }

  /** Whether a model's card says that it is for teaching: its verdict carries little weight. */
  function isTeaching(name: string) {
    const row = models.value.find((model) => model.name === name)
    return /^teaching/i.test(row?.card?.intended_use ?? '')
  }

  onScopeDispose(() => {
    window.clearTimeout(timer)
  })
  return {
    list,
    models,
    failure,
    speeds,
    refresh,
    activate,
    changeThreshold,
    measureSpeeds,
    trackRecord,
    isTeaching,
  }
}

export const [provideModels, useModels] = shared(createModels)
