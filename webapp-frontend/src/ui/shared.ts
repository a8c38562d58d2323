import { inject, provide, type InjectionKey } from 'vue'

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
