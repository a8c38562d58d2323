import { inject, type InjectionKey, provide, ref, type Ref, watch } from 'vue'
import { type LocationQueryRaw, useRoute, useRouter } from 'vue-router'

/** State made once by the app and used by any component below it. */
export function shared<T>(create: () => T): [provideIt: () => T, useIt: () => T] {
  const key: InjectionKey<T> = Symbol(create.name)
  const provideIt = () => {
    const state = create()
    provide(key, state)
    return state
  }
  const useIt = () => {
    const state = inject(key)
    if (!state) throw new Error(`${create.name} was not provided`)
    return state
  }
  return [provideIt, useIt]
}

/** State that survives a reload, in this browser only. What cannot be read is forgotten. */
export function useRemembered<T>(key: string, initial: T): Ref<T> {
  const state = ref(remembered(key) ?? initial) as Ref<T>
  watch(state, (value) => {
    localStorage.setItem(key, JSON.stringify(value))
  })

  function remembered(name: string): T | null {
    try {
      return JSON.parse(localStorage.getItem(name) ?? 'null') as T | null
    } catch {
      return null
    }
  }

  return state
}

/** The query of the address once the navigation under way has ended: choices often change together. */
let upcoming: LocationQueryRaw | null = null

/** A choice kept in the address, so that links and reloads restore it. */
export function useQueryParam(name: string, initial = ''): Ref<string> {
  const route = useRoute()
  const router = useRouter()
  const choice = ref(initial)

  watch(
    () => route.query[name],
    (value) => (choice.value = typeof value === 'string' ? value : initial),
    { immediate: true },
  )
  watch(choice, (value) => {
    if (value === (route.query[name] ?? initial)) return
    const query = { ...(upcoming ?? route.query), [name]: value === initial ? undefined : value }
    upcoming = query
    void router.replace({ query }).finally(() => {
      if (upcoming === query) upcoming = null
    })
  })
  return choice
}
