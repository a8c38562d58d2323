import { mount } from '@vue/test-utils'
import { expect, it } from 'vitest'
import type { Card } from '@/api/types'
import ModelData from '@/features/models/ModelData.vue'
import { i18n } from '@/i18n/i18n'
import { useModelFacts } from '@/i18n/models'
import { createDesign } from '@/ui/theme'
import { composed } from '../composed'
import { model } from '../samples'

function cardWith(changes: object): Card {
  return {
    kind: 'model',
    input: { width: 224, height: 224, channels: 'RGB', value_range: [0, 255], resize: 'stretch', filter: 'bilinear' },
    output: { activation: 'sigmoid', classes: ['Real', 'Fake'] },
    threshold: { value: 0.5, chosen: 'default' },
    calibrator: { kind: 'none' },
    ...changes,
  } as unknown as Card
}

function factsOf(card: Card) {
  const facts = composed(() => useModelFacts(model('v4', { file: 'v4.keras', card })))
  return Object.fromEntries(facts.value.map(({ label, value }) => [label, value]))
}

const fitted = { data: 'faces, validation', pictures: 1234 }

it('says whether faces or whole pictures are judged', () => {
  const { input } = cardWith({})
  expect(factsOf(cardWith({ input: { ...input, face_margin: 0.3 } }))['Scores']).toBe(
    'face crops with a margin of 30% of their width',
  )
  expect(factsOf(cardWith({}))['Scores']).toBe('whole pictures')
})

it('says when the model knows that it does not know, and from which pictures', () => {
  const facts = factsOf(
    cardWith({
      conformal: { coverage: 0.9, real: 0.4, fake: 0.6, ...fitted },
      scope: { measures: ['luminance', 'flat_share'], limit: 20, ...fitted },
      steadiness: { reach: 0.8, share: 0.95, ...fitted },
    }),
  )
  const from = 'fitted on 1,234 pictures: faces, validation'
  expect(facts['Uncertainty: conformal sets']).toEqual([expect.stringContaining('at 90% class-conditional coverage'), from])
  expect(facts['Out-of-distribution check']).toEqual([
    expect.stringContaining('luminance, share of flat areas'),
    from,
  ])
  expect(facts['Robustness check']).toEqual([expect.stringContaining('95% of pictures by at most 0.800'), from])
  expect(Object.keys(factsOf(cardWith({})))).not.toContain('Uncertainty: conformal sets')
})

it('puts the limits beside the figures, or says that nobody wrote them down', () => {
  const limits = (card: Card | null) =>
    mount(ModelData, {
      props: { model: model('v4', { file: 'v4.keras', card }), measured: null },
      global: { plugins: [i18n, createDesign()] },
    }).text()
  const known = limits(cardWith({ intended_use: 'Portraits.', known_failures: ['Diffusion.', 'Drawings.'] }))
  expect(known).toMatch(/Intended use\s*Portraits\.\s*Known failures\s*Diffusion\.\s*Drawings\./)
  expect(limits(null)).toContain('are not documented')
})
