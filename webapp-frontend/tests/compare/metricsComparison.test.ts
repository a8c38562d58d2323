import { mount } from '@vue/test-utils'
import { expect, it } from 'vitest'
import MetricsComparison from '@/features/compare/MetricsComparison.vue'
import { i18n } from '@/i18n/i18n'
import { row } from '../samples'

const good = row({ metrics: { accuracy: { value: 0.9, low: 0.85, high: 0.95 } } })
const poor = row({ metrics: { accuracy: { value: 0.6, low: 0.55, high: 0.65 } } })
const near = row({ metrics: { accuracy: { value: 0.88, low: 0.83, high: 0.93 } } })

function table(a: typeof good, b: typeof good | undefined, comparable = true) {
  const columns = [{ model: 'v1', row: a }, { model: 'v2', row: b }]
  return mount(MetricsComparison, { props: { columns, comparable }, global: { plugins: [i18n] } })
}

it('shows each value with its interval and the size of the sample', () => {
  const text = table(good, poor).text()
  expect(text).toContain('90.0%')
  expect(text).toContain('85.0% to 95.0%')
  expect(text).toContain('200 faces: 100 real, 100 fake.')
})

it('calls a model better only where the intervals are apart', () => {
  expect(table(good, poor).get('td:last-child').text()).toBe('v1 is better')
  expect(table(good, near).get('td:last-child').text()).toBe('No clear difference')
})

it('compares nothing that was measured on other pictures', () => {
  expect(table(good, poor, false).get('td:last-child').text()).toBe('Not comparable')
  expect(table(good, undefined).text()).toContain('Not evaluated on these')
})
