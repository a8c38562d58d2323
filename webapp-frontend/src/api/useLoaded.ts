import { onScopeDispose, shallowRef } from 'vue'
import { asFailure, type ApiFailure } from './failure'

/** What a request gives, asked for at once and again on demand; null until it is there. */
export function useLoaded<T>(request: (signal: AbortSignal) => Promise<T>) {
  const loaded = shallowRef<T | null>(null)
  const failure = shallowRef<ApiFailure | null>(null)
  let asking = new AbortController()

  async function load() {
    asking.abort()
    asking = new AbortController()
    const { signal } = asking
    failure.value = null
    try {
      const found = await request(signal)
      if (!signal.aborted) loaded.value = found
    } catch (thrown) {
      if (!signal.aborted) failure.value = asFailure(thrown)
    }
  }

  void load()
  onScopeDispose(() => {
    asking.abort()
  })
  return { loaded, failure, load }
}
