import { mount, RouterLinkStub } from '@vue/test-utils'
import { expect, it } from 'vitest'
import { defineComponent, h } from 'vue'
import type { Card } from '@/api/types'
import EnsembleMembers from '@/features/models/EnsembleMembers.vue'
import { provideModels } from '@/features/models/useModels'
import { i18n } from '@/i18n/i18n'
import { ensemble, model } from '../samples'

/** The members of an ensemble; of its members, only v1 is in the folder. */
function members(changes: Partial<Card>) {
  const folder = { shown_as: 'models', exists: true, files: [] }
  const page = defineComponent(() => {
    provideModels().list.value = {
      success: true,
      active: 'v1',
      models: [model('v1', { file: 'v1.keras' })],
      folder,
    }
    return () => h(EnsembleMembers, { card: ensemble(changes) })
  })
  return mount(page, { global: { plugins: [i18n], stubs: { RouterLink: RouterLinkStub } } })
}

it('says how a mean is made, and links to the members that are there', () => {
  const mean = members({})
  expect(mean.text()).toContain("mean of the members' calibrated probabilities")
  expect(mean.findAll('tbody tr').map((row) => row.get('td').text())).toEqual(['25.0%', '75.0%'])
  const links = mean.findAllComponents(RouterLinkStub)
  expect(links.map((link) => link.props('to') as unknown)).toEqual(['/models/v1'])
})

it('gives the coefficients of a stack, which uses no calibrators', () => {
  const stack = members({ combination: { kind: 'stacked', coefficients: [0.4, -0.1], intercept: -0.2 } })
  expect(stack.text()).toContain('with intercept -0.200')
  expect(stack.findAll('tbody tr').map((row) => row.get('td').text())).toEqual(['0.400', '-0.100'])
  expect(stack.findAll('th').map((head) => head.text())).not.toContain('Calibration')
})
