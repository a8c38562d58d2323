import { describe, expect, it } from 'vitest'
import en from '@/i18n/en.json'
import { i18n, LOCALES, type Locale, showLocale } from '@/i18n/i18n'

interface Texts { [key: string]: string | Texts }

const sources = import.meta.glob<string>('../../src/**/*.{ts,vue}', {
  eager: true,
  import: 'default',
  query: '?raw',
})
const code = Object.values(sources).join('\n')

function keysOf(texts: Texts, prefix = ''): string[] {
  return Object.entries(texts).flatMap(([key, text]) =>
    typeof text === 'string' ? [prefix + key] : keysOf(text, `${prefix}${key}.`),
  )
}

function folders(texts: Texts): Texts[] {
  const below = Object.values(texts).filter((text): text is Texts => typeof text !== 'string')
  return [texts, ...below.flatMap(folders)]
}

/** The keys in the code; where a part is computed, a pattern of them. */
function used(): RegExp[] {
  const literal = /(?<![\w$])(?:t\(|title: |h1: )\s*['`]([^'`]+)['`]/g
  const either = /\? '([a-z]\w+\.[\w.]+)' : '([a-z]\w+\.[\w.]+)'/g
  const found = [...code.matchAll(literal), ...code.matchAll(either)]
  return found
    .flatMap(([, ...keys]) => keys)
    .filter((key) => key !== undefined)
    .map((key) => {
      const parts = key.split(/\$\{[^}]+\}/).map((part) => part.replaceAll('.', '\\.'))
      return new RegExp(`^${parts.join('[\\w-]+')}$`)
    })
}

it('keeps its keys sorted', () => {
  for (const folder of folders(en)) {
    expect(Object.keys(folder)).toEqual(Object.keys(folder).sort())
  }
})

it('has a text for every key in the code', () => {
  const keys = keysOf(en)
  const missing = used().filter((pattern) => !keys.some((key) => pattern.test(key)))
  expect(missing).toEqual([])
})

it('has no text that nothing shows', () => {
  const patterns = used()
  expect(keysOf(en).filter((key) => !patterns.some((pattern) => pattern.test(key)))).toEqual([])
})

const locales = Object.keys(LOCALES) as Locale[]
const translations = locales.filter((locale) => locale !== 'en')

const files = import.meta.glob<Texts>('../../src/i18n/*.json', { eager: true, import: 'default' })

function textsOf(locale: Locale): Texts {
  const texts = files[`../../src/i18n/${locale}.json`]
  if (!texts) throw new Error(`${locale}.json is missing`)
  return texts
}

const flat = (texts: Texts, prefix = ''): [key: string, text: string][] =>
  Object.entries(texts).flatMap(([key, text]) =>
    typeof text === 'string' ? [[prefix + key, text] as [string, string]] : flat(text, `${prefix}${key}.`),
  )

/** The placeholders of a text, each once. */
function placeholders(text: string) {
  return [...new Set(text.match(/\{\w+\}/g))].sort()
}

function reads(show: () => unknown) {
  try {
    show()
    return true
  } catch {
    return false
  }
}

it('offers each language that has a file, and no other', () => {
  expect(Object.keys(files).sort()).toEqual(
    locales.map((locale) => `../../src/i18n/${locale}.json`).sort(),
  )
})

it.each(locales)('has texts only that vue-i18n can read: %s', async (locale) => {
  await showLocale(locale)
  const { t, te } = i18n.global
  const unreadable = keysOf(en).filter((key) => !te(key, locale) || !reads(() => t(key, 1)))
  await showLocale('en')
  expect(unreadable).toEqual([])
})

describe.each(translations)('the texts in %s', (locale) => {
  const texts = flat(textsOf(locale))

  it('have every key, in the order of the English ones, and no other', () => {
    expect(texts.map(([key]) => key)).toEqual(keysOf(en))
  })

  it('keep placeholders and plural forms', () => {
    const shape = (text: string) => [text.split(' | ').length, ...placeholders(text)].join(' ')
    const english = new Map(flat(en))
    const broken = texts.filter(([key, text]) => shape(text) !== shape(english.get(key) ?? ''))
    expect(broken).toEqual([])
  })

  it('are translated where English has a sentence', () => {
    const english = new Map(flat(en))
    const same = texts.filter(([key, text]) => text === english.get(key) && /[a-z]{2,} [a-z]{2,} /.test(text))
    expect(same).toEqual([])
  })
})

/** In Indonesian and Turkish, a noun keeps its form after a number: "5 berkas", "5 dosya". */
it.each(['id', 'tr'] as const)('has one form for all numbers in %s', (locale) => {
  const inflected = flat(textsOf(locale)).filter(([, text]) => {
    const counted = text.split(' | ').filter((form) => form.includes('{n}'))
    return new Set(counted).size > 1
  })
  expect(inflected).toEqual([])
})
