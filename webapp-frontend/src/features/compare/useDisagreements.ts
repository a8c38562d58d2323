import { onScopeDispose, shallowRef, watch, type Ref } from 'vue'
import { compareOnTests } from '@/api/compare'
import { asFailure, type ApiFailure } from '@/api/failure'
import type { ModelComparison } from '@/api/types'

/** On which test pictures of a data set models agree; null until that is known. */
export function useDisagreements(names: Ref<string[]>, dataset: Ref<string | undefined>) {
  const comparison = shallowRef<ModelComparison | null>(null)
  const failure = shallowRef<ApiFailure | null>(null)
  let request = new AbortController()

  async function load() {
    request.abort()
    request = new AbortController()
    const { signal } = request
    failure.value = null
    try {
      const answer = await compareOnTests(names.value, dataset.value, signal)
      if (!signal.aborted) comparison.value = answer
    } catch (thrown) {
      if (!signal.aborted) failure.value = asFailure(thrown)
    }
  }

  watch([() => names.value.join(','), dataset], load, { immediate: true })
  onScopeDispose(() => {
    request.abort()
  })
  return { comparison, failure, load }
}
