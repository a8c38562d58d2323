import { computed, ref, type Ref, shallowReactive, watch } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { compareOnTests, getEvaluation, measureSpeed } from '@/api/endpoints'
import type { ModelRow, ModelSpeed } from '@/api/types'
import { useAsync, useAsyncEach } from '@/api/useAsync'
import { useModels } from '@/features/models/useModels'
import { LOOKS } from '@/features/training/runs'
import { chosenModels, type Evaluations, readyNames, rowOf, testsOf } from './comparison'

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

/** The test in which models are compared: the reader's choice, or else what most of them took. */
export function useTestChoice(evaluations: Ref<Evaluations>) {
  const wanted = ref('')
  const tests = computed(() => testsOf(evaluations.value))
  const test = computed({
    get: () => (tests.value.includes(wanted.value) ? wanted.value : (tests.value[0] ?? '')),
    set: (title) => (wanted.value = title),
  })
  const dataset = computed(
    () => [...evaluations.value.values()].map((one) => rowOf(one, test.value)).find(Boolean)?.dataset,
  )
  return { tests, test, dataset }
}

/** The evaluations of several models, each read once; null for a model without one. */
export function useEvaluations(models: Ref<ModelRow[]>) {
  const evaluated = computed(() => models.value.filter(({ evaluation }) => evaluation))
  const { answers, failure, loading, loadAll } = useAsyncEach(evaluated, getEvaluation)
  const evaluations = computed<Evaluations>(
    () => new Map(models.value.map(({ name }) => [name, answers.get(name) ?? null])),
  )
  return { evaluations, failure, loading, loadAll }
}

/** On which test pictures of a data set models agree; null until the answer arrives. */
export function useDisagreements(names: Ref<string[]>, dataset: Ref<string | undefined>) {
  const { data: comparison, failure, run: load } = useAsync((signal) =>
    compareOnTests(names.value, dataset.value, signal),
  )
  watch([() => names.value.join(','), dataset], () => void load(), { immediate: true })
  return { comparison, failure, load }
}

/** Times models one after the other, so that they do not slow each other down. */
export function useSpeeds(names: Ref<string[]>) {
  const speeds = shallowReactive(new Map<string, ModelSpeed>())
  const { busy, failure, run: measure } = useAsync(async () => {
    speeds.clear()
    for (const name of names.value) speeds.set(name, await measureSpeed(name))
  })
  return { speeds, busy, failure, measure }
}
