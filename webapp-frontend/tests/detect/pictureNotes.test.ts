import { mount } from '@vue/test-utils'
import { afterEach, expect, it } from 'vitest'
import type { Note } from '@/api/types'
import PictureNotes from '@/features/detect/PictureNotes.vue'
import { i18n, showLocale } from '@/i18n/i18n'
import { createDesign } from '@/ui/theme'

function notes(...given: Note[]) {
  const list = mount(PictureNotes, {
    props: { notes: given },
    global: { plugins: [i18n, createDesign()] },
  })
  return list.findAll('li').map((note) => note.text())
}

function note(code: Note['code'], values: Note['values'] = {}): Note {
  return { code, message: 'In the words of the service.', values }
}

afterEach(() => showLocale('en'))

it('says what is special about a file, with its numbers', () => {
  expect(
    notes(
      note('pages', { place: 1, count: 2, more: 0, skipped: 0 }),
      note('transparency'),
      note('colour_profile', { profile: 'Display P3' }),
      note('reduced', { from_width: 12000, from_height: 9000, width: 6000, height: 4500 }),
      note('long_text', { bytes: 2 * 1024 ** 2 }),
    ),
  ).toEqual([
    'Page 1 of 2 was judged.',
    'Transparent parts of the picture were blended with white.',
    'The colours were converted from Display P3 to sRGB.',
    'The picture was reduced from 12,000 × 9,000 to 6,000 × 4,500 pixels before it was judged; this can hide fine traces.',
    'The PNG file holds 2 MB of text besides its pixels.',
  ])
})

it('says that frames were skipped, and that there are more than were counted', () => {
  expect(notes(note('animation', { place: 3, count: 999, more: 1, skipped: 1 }))).toEqual([
    'Frame 3 of more than 999 was judged. Those before it are blank or faint.',
  ])
})

it('says how a face lies, and counts small ones', () => {
  expect(
    notes(note('turned', { turns: 2 }), note('turned', { turns: 3 }), note('small_faces', { count: 1 })),
  ).toEqual([
    'The face lies upside down; it was judged upright, with the picture turned.',
    'The face lies on its side; it was judged upright, with the picture turned.',
    '1 small face could only be found by searching parts of the picture.',
  ])
})

it('speaks the language of the page', async () => {
  await showLocale('de')
  expect(notes(note('small_faces', { count: 3 }))).toEqual([
    '3 kleine Gesichter waren nur durch Suche in Bildteilen zu finden.',
  ])
})

it('leaves codes that it does not know to the words of the service', () => {
  expect(notes(note('a_new_code' as Note['code']))).toEqual(['In the words of the service.'])
})

it('shows nothing about an ordinary file', () => {
  expect(notes()).toEqual([])
})
