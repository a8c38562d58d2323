import { ref, shallowRef } from 'vue'
import { asFailure, type ApiFailure } from './failure'

/** Runs a request and keeps whether it is under way and how it failed. */
export function useRequest<Args extends unknown[]>(request: (...args: Args) => Promise<void>) {
  const busy = ref(false)
  const failure = shallowRef<ApiFailure | null>(null)

  async function run(...args: Args) {
    busy.value = true
    failure.value = null
    try {
      await request(...args)
    } catch (thrown) {
      failure.value = asFailure(thrown)
    } finally {
      busy.value = false
    }
  }

  return { busy, failure, run }
}
