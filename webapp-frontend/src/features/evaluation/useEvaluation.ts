import { shallowRef } from 'vue'
import { getEvaluation } from '@/api/models'
import type { ModelEvaluation } from '@/api/types'
import { useRequest } from '@/api/useRequest'

/** What was measured of one model; null until it is known. */
export function useEvaluation(name: string) {
  const measured = shallowRef<ModelEvaluation | null>(null)
  const { failure, run: load } = useRequest(async () => {
    measured.value = await getEvaluation(name)
  })
  void load()
  return { measured, failure, load }
}
