import { mount } from '@vue/test-utils'
import { expect, it } from 'vitest'
import type { EvaluationSummary, Prediction } from '@/api/types'
import VerdictCard from '@/components/detect/VerdictCard.vue'
import { i18n } from '@/plugins/i18n'
import { createDesign } from '@/plugins/vuetify'
import { evaluation as measured, prediction } from './samples'

function card(changes: Partial<Prediction>, evaluation: EvaluationSummary | null = measured) {
  return mount(VerdictCard, {
    props: { prediction: prediction(changes), active: true, evaluation },
    global: { plugins: [i18n, createDesign()] },
  })
}

it('says the verdict in words, with an icon and the number', () => {
  const text = card({})
  expect(text.get('.verdict').text()).toBe('Likely fake')
  expect(text.find('.verdict svg').exists()).toBe(true)
  expect(text.text()).toContain('87.0%')
})

it('ticks the threshold on the bar and reads it out', () => {
  const meter = card({ threshold: 0.9 }).get('[role=meter]')
  expect(meter.attributes('aria-valuetext')).toBe('87.0%, called fake from 90% on')
  expect(meter.attributes('style')).toContain('--threshold: 90%')
})

it('says how often the model was right, or that nobody knows', () => {
  expect(card({}).text()).toContain('Right on 176 of 200 test faces')
  expect(card({}, null).text()).toContain('Not measured yet')
})

it('shows what was assumed of a model without a card', () => {
  const text = card({ verdict: 'uncertain', assumptions: ['output 1 means Fake'] }).text()
  expect(text).toContain('output 1 means Fake')
  expect(text).toContain('detection-model card v1 --data FOLDER')
})
