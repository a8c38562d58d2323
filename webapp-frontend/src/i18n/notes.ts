import { useI18n } from 'vue-i18n'
import type { Note } from '@/api/types'
import { useFormat } from './format'

const UPSIDE_DOWN = 2

/** What is special about a file or its faces, in the language of the page. */
export function useNoteText() {
  const { t, te } = useI18n()
  const { bytes, count } = useFormat()

  function shown(name: string, value: number | string) {
    if (typeof value === 'string') return value
    return name === 'bytes' ? bytes(value) : count(value)
  }

  return ({ code, message, values }: Note) => {
    // The service may know codes that this page does not.
    if (!te(`note.${code}`, 'en')) return message
    const texts = Object.fromEntries(
      Object.entries(values).map(([name, value]) => [name, shown(name, value)]),
    )
    if (values.more) texts.count = t('note.moreThan', texts)
    if (code === 'turned') texts.turn = t(values.turns === UPSIDE_DOWN ? 'note.upsideDown' : 'note.onItsSide')
    const text = t(`note.${code}`, texts, Number(values.count ?? 1))
    return values.skipped ? `${text} ${t('note.skipped')}` : text
  }
}
