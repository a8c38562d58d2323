import { computed, type Ref } from 'vue'
import type { RunSummary } from '@/api/types'
import { firstChoice } from './runs'
import { useModels } from '@/features/models/useModels'
import { useRemembered } from '@/ui/useRemembered'

/** Which runs are shown; until the reader chooses, those that the models come from. */
export function useRunChoice(runs: Ref<RunSummary[] | null>) {
  const { list, models } = useModels()
  const remembered = useRemembered<string[] | null>('training-runs', null)

  const names = computed<string[]>({
    get() {
      const { value: old } = remembered
      // Of runs that are all gone nothing could be shown.
      if (old && (!old.length || runs.value?.some(({ name }) => old.includes(name)))) return old
      if (!list.value) return []
      return firstChoice(runs.value ?? [], models.value.map(({ name }) => name))
    },
    set(chosen) {
      remembered.value = chosen
    },
  })
  const chosen = computed(() => runs.value?.filter(({ name }) => names.value.includes(name)) ?? [])
  return { names, chosen }
}
