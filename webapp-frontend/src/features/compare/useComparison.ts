import { computed, type Ref, watch } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { compareOnTests } from '@/api/endpoints'
import { useAsync } from '@/api/useAsync'
import type { Evaluations } from '@/features/evaluation/useEvaluations'
import { useModels } from '@/features/models/useModels'
import { LOOKS } from '@/features/training/runs'
import { useQueryParam } from '@/ui/state'
import { chosenModels, readyNames, rowOf, testsOf } from './comparison'

/** The compared models. The choice is kept in the address. */
export function useModelChoice() {
  const route = useRoute()
  const router = useRouter()
  const { list, models } = useModels()

  const ready = computed(() => readyNames(models.value))
  const names = computed<string[]>({
    get() {
      const { models: address } = route.query
      const active = list.value?.active ?? undefined
      return chosenModels(ready.value, typeof address === 'string' ? address : null, active)
    },
    set(chosen) {
      const inOrder = ready.value.filter((name) => chosen.includes(name))
      // An empty choice stays in the address: it differs from no choice.
      void router.replace({ query: { ...route.query, models: inOrder.join(',') } })
    },
  })
  const rows = computed(() => models.value.filter(({ name }) => names.value.includes(name)))
  /** The look of each model's lines, independent of the choice. */
  const looks = computed(() => new Map(models.value.map(({ name }, index) => [name, index % LOOKS])))
  return { ready, names, rows, looks }
}

/** The test set in which models are compared: the reader's choice, or the most common one. */
export function useTestChoice(evaluations: Ref<Evaluations>) {
  const address = useQueryParam('test')
  const tests = computed(() => testsOf(evaluations.value))
  const test = computed({
    get: () => (tests.value.includes(address.value) ? address.value : (tests.value[0] ?? '')),
    set: (title) => (address.value = title),
  })
  const dataset = computed(
    () =>
      [...evaluations.value.values()]
        .map((measured) => rowOf(measured, test.value))
        .find(Boolean)?.dataset,
  )
  return { tests, test, dataset }
}

/** On which test pictures of a data set models agree; null until the answer arrives. */
export function useDisagreements(names: Ref<string[]>, dataset: Ref<string | undefined>) {
  const { data: comparison, failure, run: load } = useAsync((signal) =>
    compareOnTests(names.value, dataset.value, signal),
  )
  watch([() => names.value.join(','), dataset], () => void load(), { immediate: true })
  return { comparison, failure, load }
}
