import { mount } from '@vue/test-utils'
import { afterEach, expect, it } from 'vitest'
import type { Assumption } from '@/api/types'
import AssumptionList from '@/features/models/AssumptionList.vue'
import { i18n, showLocale } from '@/i18n/i18n'
import { createDesign } from '@/ui/theme'
import openapi from '../../openapi.json'

const CODES = openapi.components.schemas.Assumption.properties.code.enum

function texts(...assumed: Assumption[]) {
  const assumptions = assumed.map(({ message }) => message)
  const list = mount(AssumptionList, {
    props: { model: 'm', about: { assumptions, assumed } },
    global: { plugins: [i18n, createDesign()] },
  })
  return list.findAll('li').map((text) => text.text())
}

function assumption(code: Assumption['code'], changes: Partial<Assumption> = {}): Assumption {
  return { code, message: 'In the words of the service.', values: {}, ...changes }
}

afterEach(() => showLocale('en'))

it('has a text for every assumption of the service, with its numbers', () => {
  expect(CODES.filter((code) => !i18n.global.te(`assumption.${code}`))).toEqual([])
  expect(texts(assumption('input_scaled', { values: { low: 0, high: 255 } }))).toEqual([
    'Pixel values from 0 to 255, as the file scales its input',
  ])
})

it('names classes in the language of the page, and the member of an ensemble', async () => {
  await showLocale('de')
  const order = assumption('class_order', { values: { class: 'Fake' } })
  expect(texts(order, { ...order, member: 'v1' })).toEqual([
    'Ausgabe 1 bedeutet „Gefälscht“',
    'v1: Ausgabe 1 bedeutet „Gefälscht“',
  ])
})

it('shows the sentence of the service for a code that it does not know, and of an older verdict', () => {
  expect(texts(assumption('of_tomorrow' as Assumption['code']))).toEqual(['In the words of the service.'])
  const about = { assumptions: ['output 1 means Fake'], assumed: [] }
  const list = mount(AssumptionList, {
    props: { model: 'm', about },
    global: { plugins: [i18n, createDesign()] },
  })
  expect(list.get('li').text()).toBe('output 1 means Fake')
})
