import { computed, type Ref } from 'vue'
import { getEvaluation } from '@/api/endpoints'
import type { ModelEvaluation, ModelRow } from '@/api/types'
import { useAsyncEach } from '@/api/useAsync'

/** The evaluation of each model by its name; null for a model without one. */
export type Evaluations = Map<string, ModelEvaluation | null>

/** The evaluations of several models, each read once. */
export function useEvaluations(models: Ref<ModelRow[]>) {
  const evaluated = computed(() => models.value.filter(({ evaluation }) => evaluation))
  const { answers, ...state } = useAsyncEach(evaluated, getEvaluation)
  const evaluations = computed<Evaluations>(
    () => new Map(models.value.map(({ name }) => [name, answers.get(name) ?? null])),
  )
  return { evaluations, ...state }
}
