import { expect, it } from 'vitest'
import en from '@/i18n/en.json'
import de from '@/i18n/de.json'
import { i18n } from '@/i18n/i18n'

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

it('has texts only that vue-i18n can read', () => {
  for (const key of keysOf(en)) expect(() => i18n.global.t(key, 1)).not.toThrow()
})

const textsOf = (texts: Texts, prefix = ''): [key: string, text: string][] =>
  Object.entries(texts).flatMap(([key, text]) =>
    typeof text === 'string' ? [[prefix + key, text] as [string, string]] : textsOf(text, `${prefix}${key}.`),
  )

/** The placeholders of a text, each once. */
function placeholders(text: string) {
  return [...new Set(text.match(/\{\w+\}/g))].sort()
}

it.each([['German', de]])('%s has every key, and none that English has not', (_name, texts) => {
  expect(keysOf(texts).sort()).toEqual(keysOf(en).sort())
})

it.each([['German', de]])('%s keeps placeholders and plural forms', (_name, texts) => {
  const english = new Map(textsOf(en))
  for (const [key, text] of textsOf(texts)) {
    const original = english.get(key) ?? ''
    expect(placeholders(text), key).toEqual(placeholders(original))
    expect(text.split(' | ').length, key).toBe(original.split(' | ').length)
  }
})
