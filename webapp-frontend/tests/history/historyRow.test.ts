import { mount } from '@vue/test-utils'
import { expect, it } from 'vitest'
import HistoryRow from '@/features/history/HistoryRow.vue'
import { i18n } from '@/i18n/i18n'
import { createDesign } from '@/ui/theme'
import { createTestRouter } from '../router'
import { historyEntry } from '../samples'

function row(entry = historyEntry) {
  return mount(HistoryRow, {
    props: { entry, selected: [] },
    global: { plugins: [i18n, createDesign(), createTestRouter()] },
  })
}

it('says what was judged and what each model said, with the threshold and its source', () => {
  const text = row().text()
  expect(text).toContain('portrait.jpg')
  expect(text).toContain('bbbbbbbbbbbb')
  expect(text).toContain('64 × 48 pixels')
  expect(text).toContain('Likely fake')
  expect(text).toContain('87.0% probability of fake')
  expect(text).toContain("threshold 50% (from the model card)")
})

it('gives a picture without a name one, and asks to be removed', async () => {
  const it = row({ ...historyEntry, image: { ...historyEntry.image, name: null } })
  await it.get('button[aria-label="Delete the entry for Unnamed picture"]').trigger('click')
  expect(it.emitted('remove')).toEqual([[[7]]])
})

it('stands for all checks of its picture where pictures have one row each', async () => {
  const it = row({ ...historyEntry, same_picture: [7, 5, 2] })
  expect(it.text()).toContain('Checked 3 times')
  await it.get('button[aria-label="Delete the entry for portrait.jpg"]').trigger('click')
  expect(it.emitted('remove')).toEqual([[[7, 5, 2]]])
  expect(row().text()).not.toContain('Checked')
})

it('leads to its complete answer', () => {
  expect(row().get('h2 a').attributes('href')).toBe('/history/7')
})

it('shows what was out of scope without a number, and how many faces were found', () => {
  const verdicts = historyEntry.verdicts.map((one) => ({ ...one, verdict: 'out_of_scope' as const }))
  const text = row({ ...historyEntry, verdicts, image: { ...historyEntry.image, faces: 2 } }).text()
  expect(text).toContain('2 faces')
  expect(text).toContain('Out of distribution')
  expect(text).toContain('Not scored')
  expect(text).not.toContain('87.0%')
  expect(row().text()).not.toContain('face')
})
