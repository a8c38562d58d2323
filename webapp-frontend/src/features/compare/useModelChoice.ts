import { computed } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { chosenModels, readyNames } from './comparison'
import { LOOKS } from '@/features/training/runs'
import { useModels } from '@/features/models/useModels'

/** Which models are compared; the choice stands in the address, so that it can be handed on. */
export function useModelChoice() {
  const route = useRoute()
  const router = useRouter()
  const { models } = useModels()

  const ready = computed(() => readyNames(models.value))
  const names = computed<string[]>({
    get() {
      const { models: asked } = route.query
      return chosenModels(ready.value, typeof asked === 'string' ? asked : null)
    },
    set(chosen) {
      const inOrder = ready.value.filter((name) => chosen.includes(name))
      void router.replace({ query: { models: inOrder.join(',') } })
    },
  })
  const rows = computed(() => models.value.filter(({ name }) => names.value.includes(name)))
  /** The look of each model's lines: it stays the same whatever is chosen. */
  const looks = computed(() => new Map(models.value.map(({ name }, index) => [name, index % LOOKS])))
  return { ready, names, rows, looks }
}
