import { mount } from '@vue/test-utils'
import { expect, it } from 'vitest'
import type { Statement } from '@/api/types'
import { i18n } from '@/i18n/i18n'
import ProvenanceLine from '@/ui/ProvenanceLine.vue'
import { createDesign } from '@/ui/theme'
import { silence } from '../samples'

const generated: Statement = {
  ...silence,
  claim: 'generated',
  by: 'ExampleGen 3',
  where: 'c2pa',
  trust: 'unknown_signer',
}

function line(statement: Statement, compact = false) {
  const props = { statement, compact }
  return mount(ProvenanceLine, { props, global: { plugins: [i18n, createDesign()] } })
}

it('says what the file says, who is named, and that the name is not verified', () => {
  const text = line(generated).text()
  expect(text).toContain('The file says that it was generated.')
  expect(text).toContain('It names ExampleGen 3.')
  expect(text).toContain("the signer's name is not verified")
})

it('tells plain metadata, earlier credentials and a broken signature apart', () => {
  expect(line({ ...generated, trust: 'unverified' }).text()).toContain('anyone can write this')
  expect(line({ ...generated, earlier: true }).text()).toContain('earlier version')
  const broken = line({ ...silence, trust: 'broken' })
  expect(broken.text()).toContain('The signature is broken')
  expect(broken.html()).toContain('--v-theme-error')
})

it('is quiet for a file that says nothing, and absent in a list', () => {
  expect(line(silence).text()).toBe('The file does not say how it was made.')
  expect(line(silence, true).text()).toBe('')
  expect(line(generated, true).text()).toContain('generated')
})
