import { nextTick } from 'vue'
import { createI18n } from 'vue-i18n'
import en from './en.json'

/** The languages of the page by their own names. */
export const LOCALES = {
  en: 'English',
  de: 'Deutsch',
  id: 'Indonesia',
  tr: 'Türkçe',
} as const
export type Locale = keyof typeof LOCALES

const KEY = 'locale'
/** English is the fallback and part of the first load; other languages load when chosen. */
const LOADERS: Record<Exclude<Locale, 'en'>, () => Promise<{ default: typeof en }>> = {
  de: () => import('./de.json'),
  id: () => import('./id.json'),
  tr: () => import('./tr.json'),
}

export const i18n = createI18n<[typeof en], Locale, false>({
  legacy: false,
  locale: 'en',
  fallbackLocale: 'en',
  messages: { en } as Record<Locale, typeof en>,
})

function isLocale(name: string | null | undefined): name is Locale {
  return name != null && name in LOCALES
}

/** The reader's choice, or the first language of the browser that the page has. */
export function preferredLocale(): Locale {
  const remembered = localStorage.getItem(KEY)
  if (isLocale(remembered)) return remembered
  const languages = navigator.languages.map((tag) => tag.split('-')[0])
  return languages.find(isLocale) ?? 'en'
}

/** Switches the language. Texts that cannot be loaded leave the page as it is. */
export async function showLocale(locale: Locale): Promise<void> {
  if (locale !== 'en' && !i18n.global.availableLocales.includes(locale)) {
    const texts = await LOADERS[locale]().catch(() => null)
    if (!texts) return
    i18n.global.setLocaleMessage(locale, texts.default)
  }
  i18n.global.locale.value = locale
  document.documentElement.lang = locale
  await nextTick()
}

/** Switches the language and remembers it in this browser. */
export async function chooseLocale(locale: Locale): Promise<void> {
  localStorage.setItem(KEY, locale)
  await showLocale(locale)
}
