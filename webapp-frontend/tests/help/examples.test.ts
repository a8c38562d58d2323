import { mount } from '@vue/test-utils'
import { afterEach, expect, it } from 'vitest'
import { EXAMPLES, exampleText, LANGUAGES, type Language } from '@/features/help/examples'
import FirstVisit from '@/features/help/FirstVisit.vue'
import { i18n } from '@/i18n/i18n'
import { router } from '@/router'
import { createDesign } from '@/ui/theme'

const languages = Object.keys(LANGUAGES) as Language[]
const files = Object.keys(import.meta.glob('../../src/features/help/examples/*'))

afterEach(() => {
  localStorage.clear()
})

it('shows every example in every language, and no file is left over', () => {
  const names = EXAMPLES.flatMap((example) => languages.map((language) => `${example}.${language}`))
  expect(files.map((file) => file.split('/').at(-1)).sort()).toEqual(names.sort())
})

it('names the address of this page and no other', () => {
  for (const example of EXAMPLES) {
    for (const language of languages) {
      const text = exampleText(example, language, 'https://faces.example')
      expect(text).toContain('https://faces.example')
      expect(text).not.toContain('localhost')
    }
  }
})

const global = { plugins: [createDesign(), i18n, router] }
const steps = (sent = false) => mount(FirstVisit, { props: { sent }, global })

it('explains the three steps until they are dismissed, once', async () => {
  const first = steps()
  expect(first.findAll('li')).toHaveLength(3)
  await first.findAll('button').at(-1)?.trigger('click')
  expect(first.find('section').exists()).toBe(false)
  expect(steps().find('section').exists()).toBe(false)
})

it('takes the first picture as a sign that the steps are known', async () => {
  const first = steps()
  await first.setProps({ sent: true })
  expect(first.find('section').exists()).toBe(false)
  expect(steps().find('section').exists()).toBe(false)
})
