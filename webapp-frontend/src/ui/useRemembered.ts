import { ref, watch, type Ref } from 'vue'

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
