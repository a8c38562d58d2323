import { computed, shallowReactive, shallowRef, watchEffect, type Ref } from 'vue'
import { getEvaluation } from '@/api/models'
import { asFailure, type ApiFailure } from '@/api/failure'
import type { ModelEvaluation, ModelRow } from '@/api/types'
import type { Evaluations } from './comparison'

/** What was measured of several models, each read once. */
export function useEvaluations(models: Ref<ModelRow[]>) {
  const known = shallowReactive(new Map<string, ModelEvaluation>())
  const asked = new Set<string>()
  const failure = shallowRef<ApiFailure | null>(null)
  const measured = computed(() => models.value.filter(({ evaluation }) => evaluation))

  async function read({ name }: ModelRow) {
    if (asked.has(name)) return
    asked.add(name)
    try {
      known.set(name, await getEvaluation(name))
      failure.value = null
    } catch (thrown) {
      asked.delete(name)
      failure.value = asFailure(thrown)
    }
  }

  function readAll() {
    return Promise.all(measured.value.map(read))
  }

  watchEffect(() => void readAll())
  const evaluations = computed<Evaluations>(
    () => new Map(models.value.map(({ name }) => [name, known.get(name) ?? null])),
  )
  const loading = computed(() => measured.value.some(({ name }) => !known.has(name)))
  return { evaluations, failure, loading, readAll }
}
