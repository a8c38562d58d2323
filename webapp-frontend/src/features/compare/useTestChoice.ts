import { computed, ref, type Ref } from 'vue'
import { rowOf, testsOf, type Evaluations } from './comparison'

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
