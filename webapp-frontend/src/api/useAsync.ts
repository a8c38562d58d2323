import { computed, getCurrentScope, onScopeDispose, ref, shallowReactive, shallowRef, watchEffect, type Ref } from 'vue'
import { asFailure, type ApiFailure } from './client'

/**
 * A request with its state: `data` is the latest answer, `failure` why the latest run had none.
 * A new run aborts the one before it, and so does the end of the component.
 */
export function useAsync<T, Args extends unknown[] = []>(
  request: (signal: AbortSignal, ...args: Args) => Promise<T>,
) {
  const data = shallowRef<T | null>(null)
  const failure = shallowRef<ApiFailure | null>(null)
  const busy = ref(false)
  let controller = new AbortController()

  async function run(...args: Args): Promise<void> {
    controller.abort()
    controller = new AbortController()
    const { signal } = controller
    busy.value = true
    try {
      const answer = await request(signal, ...args)
      if (signal.aborted) return
      data.value = answer
      failure.value = null
    } catch (thrown) {
      if (!signal.aborted) failure.value = asFailure(thrown)
    } finally {
      if (!signal.aborted) busy.value = false
    }
  }

  if (getCurrentScope()) {
    onScopeDispose(() => {
      controller.abort()
    })
  }
  return { data, failure, busy, run }
}

/** One answer for each item by name, read again only when the item's version changes. */
export function useAsyncEach<Item extends { name: string }, T>(
  items: Ref<Item[]>,
  read: (name: string) => Promise<T>,
  versionOf: (item: Item) => string = () => '',
) {
  const answers = shallowReactive(new Map<string, T>())
  const versions = new Map<string, string>()
  const failures = shallowReactive(new Map<string, ApiFailure>())

  async function load(item: Item) {
    const { name } = item
    if (versions.get(name) === versionOf(item)) return
    versions.set(name, versionOf(item))
    try {
      answers.set(name, await read(name))
      failures.delete(name)
    } catch (thrown) {
      versions.delete(name)
      failures.set(name, asFailure(thrown))
    }
  }

  function loadAll() {
    return Promise.all(items.value.map(load))
  }

  watchEffect(() => void loadAll())
  const failed = computed(() =>
    items.value.map(({ name }) => name).filter((name) => failures.has(name)),
  )
  /** The failure of the first of the `failed` items. */
  const failure = computed(() => failures.get(failed.value[0] ?? '') ?? null)
  const loading = computed(() => items.value.some(({ name }) => !answers.has(name)))
  return { answers, failed, failure, loading, loadAll }
}
