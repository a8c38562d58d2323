import { mount } from '@vue/test-utils'
import { expect, it } from 'vitest'
import type { Prediction } from '@/api/types'
import PictureNotes from '@/features/detect/PictureNotes.vue'
import { i18n } from '@/i18n/i18n'
import { createDesign } from '@/ui/theme'

function list(notes: Prediction['image']['notes']) {
  return mount(PictureNotes, { props: { notes }, global: { plugins: [i18n, createDesign()] } })
}

it('shows what is special about a file', () => {
  const notes = list([
    { code: 'pages', message: 'Page 1 of 2 was judged.' },
    { code: 'transparency', message: 'Transparent parts were blended with white.' },
  ])
  expect(notes.findAll('li').map((note) => note.text())).toEqual([
    'Page 1 of 2 was judged.',
    'Transparent parts were blended with white.',
  ])
})

it('shows nothing about an ordinary file', () => {
  expect(list([]).find('ul').exists()).toBe(false)
})
