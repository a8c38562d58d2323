import { mount } from '@vue/test-utils'
import { expect, it, vi } from 'vitest'
import { saveFile } from '@/ui/files'
import { FILE_LOOKS, JOB_LOOKS, RUN_LOOKS, VERDICT_LOOKS } from '@/ui/looks'
import PagedList from '@/ui/PagedList.vue'
import StateBadge from '@/ui/StateBadge.vue'
import { createDesign } from '@/ui/theme'

const global = { plugins: [createDesign()] }

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
