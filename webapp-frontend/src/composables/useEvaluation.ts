import { shallowRef } from 'vue'
import { getEvaluation } from '@/api/models'
import type { ModelEvaluation } from '@/api/types'
import { useRequest } from './useRequest'

/** What was measured of one model. */
export function useEvaluation(name: string) {
  const evaluation = shallowRef<ModelEvaluation['evaluation'] | null>(null)
  const { failure, run: load } = useRequest(async () => {
    evaluation.value = (await getEvaluation(name)).evaluation
  })
  void load()
  return { evaluation, failure, load }
}
