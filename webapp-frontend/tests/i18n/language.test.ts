import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { count, duration, moment, percent } from '@/i18n/format'
import { chooseLocale, i18n, preferredLocale, showLocale } from '@/i18n/i18n'

function browserReads(...languages: string[]) {
  vi.spyOn(navigator, 'languages', 'get').mockReturnValue(languages)
}

beforeEach(() => localStorage.clear())

afterEach(async () => {
  vi.restoreAllMocks()
  await showLocale('en')
})

it.each([
  [['tr-TR', 'en'], 'tr'],
  [['id'], 'id'],
  [['de-AT'], 'de'],
  [['fr-FR', 'id-ID', 'en-US'], 'id'],
  [['fr-FR'], 'en'],
  [[], 'en'],
])('with a browser in %j, the page is in %s', (languages, locale) => {
  browserReads(...languages)
  expect(preferredLocale()).toBe(locale)
})

it('remembers a choice, whatever the browser reads', async () => {
  browserReads('de')
  await chooseLocale('tr')
  expect(preferredLocale()).toBe('tr')
  expect(document.documentElement.lang).toBe('tr')
  expect(i18n.global.t('classes.Fake')).toBe('Sahte')
})

it('ignores a remembered language that the page no longer has', () => {
  browserReads('id')
  localStorage.setItem('locale', 'tlh')
  expect(preferredLocale()).toBe('id')
})

it('counts in each language', async () => {
  const files = (n: number) => i18n.global.t('batch.counts.all', { n }, n)
  const counted: Record<string, string[]> = {}
  for (const locale of ['en', 'de', 'id', 'tr'] as const) {
    await showLocale(locale)
    counted[locale] = [files(1), files(5)]
  }
  expect(counted).toEqual({
    en: ['1 file', '5 files'],
    de: ['1 Datei', '5 Dateien'],
    id: ['1 berkas', '5 berkas'],
    tr: ['1 dosya', '5 dosya'],
  })
})

it('writes numbers and dates as each language does', () => {
  expect([percent(0.8732, 'id'), percent(0.8732, 'tr')]).toEqual(['87,3%', '%87,3'])
  expect([count(3_946_481, 'id'), count(3_946_481, 'tr')]).toEqual(['3.946.481', '3.946.481'])
  expect(percent(0.99999, 'tr')).toBe('>%99,9')
  expect(duration(3900, 'id')).toBe('1 j 5 mnt')
  expect(duration(3900, 'tr')).toBe('1 sa. 5 dk.')
  expect(moment('2026-08-21T15:14:32Z', 'id', 'Asia/Jakarta')).toMatch(/21 Agu 2026.*22\.14 WIB/)
  expect(moment('2026-08-21T15:14:32Z', 'tr', 'Europe/Istanbul')).toMatch(/21 Ağu 2026.*18:14 GMT\+3/)
})
