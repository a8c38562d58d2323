import { flushPromises, mount } from '@vue/test-utils'
import { expect, it, vi } from 'vitest'
import { saveFile } from '@/ui/files'
import { FILE_LOOKS, JOB_LOOKS, RUN_LOOKS, VERDICT_LOOKS } from '@/ui/looks'
import PagedList from '@/ui/PagedList.vue'
import StateBadge from '@/ui/StateBadge.vue'
import { i18n, showLocale } from '@/i18n/i18n'
import CopyButton from '@/ui/CopyButton.vue'
import { createDesign } from '@/ui/theme'

const global = { plugins: [i18n, createDesign()] }

it('shows a state in words, with its icon and its colour', () => {
  const badge = mount(StateBadge, { props: { look: JOB_LOOKS.failed }, slots: { default: 'Failed' }, global })
  expect(badge.text()).toBe('Failed')
  expect(badge.attributes('style')).toContain('--v-theme-error')
  expect(badge.get('path').attributes('d')).toBe(JOB_LOOKS.failed.icon)
})

it.each([
  ['verdicts', VERDICT_LOOKS],
  ['jobs', JOB_LOOKS],
  ['files', FILE_LOOKS],
  ['runs', RUN_LOOKS],
])('tells states of %s apart without colour', (_name, looks) => {
  const icons = Object.values(looks).map(({ icon }) => icon)
  expect(new Set(icons).size).toBe(icons.length)
})

it('names the pages of a list in the language of the page', async () => {
  await showLocale('de')
  const list = mount(PagedList, { props: { page: 1, pages: 3 }, global })
  const labels = list.findAll('button').map((button) => button.attributes('aria-label'))
  await showLocale('en')
  expect(labels).toEqual(['Vorige Seite', 'Seite 1, aktuelle Seite', 'Zu Seite 2', 'Zu Seite 3', 'Nächste Seite'])
})

it('says that a text was copied only while that is so', async () => {
  const copies: string[] = []
  const writeText = (text: string) => {
    if (text === 'refused') return Promise.reject(new Error('not allowed'))
    copies.push(text)
    return Promise.resolve()
  }
  vi.stubGlobal('navigator', { clipboard: { writeText } })
  const button = mount(CopyButton, { props: { text: 'curl', what: 'the example' }, global })
  await button.trigger('click')
  await flushPromises()
  expect([copies, button.attributes('aria-label')]).toEqual([['curl'], 'Copied the example'])
  await button.setProps({ text: 'refused' })
  expect(button.attributes('aria-label')).toBe('Copy the example')
  await button.trigger('click')
  await flushPromises()
  expect(button.attributes('aria-label')).toBe('Copy the example')
  button.unmount()
  vi.unstubAllGlobals()
})

it('offers other pages only where there are some', async () => {
  const list = mount(PagedList, { props: { page: 1, pages: 1 }, slots: { default: '<p>entries</p>' }, global })
  expect(list.text()).toBe('entries')
  await list.setProps({ pages: 3 })
  await list.findAll('button').find((button) => button.text() === '2')?.trigger('click')
  expect(list.emitted('update:page')).toEqual([[2]])
})

it('keeps the URL of a saved file until the browser has read it', () => {
  vi.useFakeTimers()
  const revoke = vi.spyOn(URL, 'revokeObjectURL')
  saveFile(new Blob(['{}']), 'a.json')
  expect(revoke).not.toHaveBeenCalled()
  vi.runAllTimers()
  expect(revoke).toHaveBeenCalledOnce()
  vi.useRealTimers()
})
