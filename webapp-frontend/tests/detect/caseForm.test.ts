import { mount } from '@vue/test-utils'
import { expect, it } from 'vitest'
import CaseForm from '@/features/detect/CaseForm.vue'
import { i18n } from '@/i18n/i18n'
import { createDesign } from '@/ui/theme'

function form() {
  return mount(CaseForm, { props: { busy: false }, global: { plugins: [i18n, createDesign()] } })
}

it('sends what is known, without a picture unless the reader consents', async () => {
  const empty = form()
  await empty.get('form').trigger('submit')
  expect(empty.emitted('send')).toEqual([[{ really: 'unsure', note: '', keep: false }]])
  const filled = form()
  await filled.get('input[value=real]').setValue(true)
  await filled.get('textarea').setValue('I took it.')
  await filled.get('input[type=checkbox]').setValue(true)
  await filled.get('form').trigger('submit')
  expect(filled.emitted('send')).toEqual([[{ really: 'real', note: 'I took it.', keep: true }]])
})

it('says beside the consent what is kept, and for how long', () => {
  const consent = form().get('input[type=checkbox]')
  const told = form().find('p').text()
  expect(consent.attributes('aria-describedby')).toBeTruthy()
  expect(told).toContain('until its operator deletes it')
})
