import { mount } from '@vue/test-utils'
import { defineComponent, h } from 'vue'
import { i18n } from '@/i18n/i18n'

/** What a composable gives inside a component of the page, in its language. */
export function composed<T>(use: () => T): T {
  let given: { it: T } | undefined
  const page = defineComponent(() => {
    given = { it: use() }
    return () => h('div')
  })
  mount(page, { global: { plugins: [i18n] } })
  if (!given) throw new Error('the component was not set up')
  return given.it
}
