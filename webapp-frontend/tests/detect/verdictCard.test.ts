import { mount } from '@vue/test-utils'
import { expect, it } from 'vitest'
import type { EvaluationSummary, Prediction } from '@/api/types'
import VerdictCard from '@/features/detect/VerdictCard.vue'
import { i18n } from '@/i18n/i18n'
import { createDesign } from '@/ui/theme'
import { evaluation as measured, face, prediction, unstable } from '../samples'

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
  expect(meter.attributes('aria-valuetext')).toBe('87.0%; the threshold for fake is 90%')
  expect(meter.attributes('style')).toContain('--threshold: 90%')
})

it('says how many fakes the model finds and how many real faces it accuses, or that nobody knows', () => {
  expect(card({}).text()).toContain('Finds 86 of 100 fakes and accuses 10 of 100 real faces')
  expect(card({}, null).text()).toContain('Not evaluated yet')
})

it('shows what was assumed of a model without a card', () => {
  const text = card({ verdict: 'uncertain', assumptions: ['output 1 means Fake'] }).text()
  expect(text).toContain('output 1 means Fake')
  expect(text).toContain('detection-model model card v1 --data FOLDER')
})

it('shows each verdict with its word and an icon of its own', () => {
  const words = {
    fake: 'Likely fake',
    real: 'Likely real',
    uncertain: 'Uncertain',
    out_of_scope: 'Out of distribution',
  } as const
  const verdicts = Object.keys(words) as (keyof typeof words)[]
  const cells = verdicts.map((verdict) => card({ verdict }).get('.verdict'))
  expect(cells.map((cell) => cell.text())).toEqual(Object.values(words))
  const icons = cells.map((cell) => cell.get('path').attributes('d'))
  expect(new Set(icons).size).toBe(verdicts.length)
})

it('says what is out of scope rather than scoring it, and keeps the number among the details', async () => {
  const codes = ['above_threshold', 'no_face'] as const
  const explained = codes.map((code) => ({ code, message: '' }))
  const outside = card({ verdict: 'out_of_scope', explained })
  expect(outside.text()).toContain('No face was detected')
  expect(outside.find('[role=meter]').exists()).toBe(false)
  expect(outside.text()).not.toContain('87.0%')
  await outside.get('.v-expansion-panel-title').trigger('click')
  expect(outside.text()).toContain('Probability of fake87.0%')
})

it('opens what small changes did only where the verdict does not hold', () => {
  expect(card({}).find('details').exists()).toBe(false)
  const stable = card({ stability: { stable: true, changes: unstable.changes.slice(1) } })
  expect(stable.get('details').attributes('open')).toBeUndefined()
  expect(stable.get('summary').text()).toBe('Robust to small changes')
  const explained = [{ code: 'unstable' as const, message: '' }]
  const turned = card({ verdict: 'uncertain', stability: unstable, explained })
  expect(turned.get('details').attributes('open')).toBeDefined()
  const cells = turned.findAll('tbody tr').map((row) => row.findAll('th, td').map((cell) => cell.text()))
  expect(cells).toEqual([
    ['recompressed as JPEG, quality 60', '40.0%', 'Real, changed'],
    ['mirrored', '60.0%', 'Fake, unchanged'],
  ])
})

it('puts strong signs into words, but not those that a teaching model sees', () => {
  const strong = { evidence: 'very_strong' as const }
  expect(card(strong).text()).toContain('Very strong signs of generation')
  const teaching = mount(VerdictCard, {
    props: { prediction: prediction(strong), active: false, evaluation: null, teaching: true },
    global: { plugins: [i18n, createDesign()] },
  })
  expect(teaching.text()).not.toContain('signs of generation')
  expect(teaching.text()).toContain('A teaching model: do not read much into its number.')
})

it('shows the face that a leading verdict is about', () => {
  const picture = 'blob:portrait'
  const changes = { faces: [face(0.1), face(0.97)], leading_face: 1, judged: 'face' as const }
  const leading = mount(VerdictCard, {
    props: { prediction: prediction(changes), active: true, evaluation: null, picture },
    global: { plugins: [i18n, createDesign()] },
  })
  expect(leading.get('img').attributes('src')).toBe('blob:portrait')
  expect(card({}).find('img').exists()).toBe(false)
})
