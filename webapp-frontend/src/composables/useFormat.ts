import { useI18n } from 'vue-i18n'
import * as numbers from '@/format/numbers'

/** The number formats in the language of the page. */
export function useFormat() {
  const { locale } = useI18n()
  return {
    bytes: (size: number) => numbers.bytes(size, locale.value),
    count: (value: number) => numbers.count(value, locale.value),
    decimal: (value: number) => numbers.decimal(value, locale.value),
    milliseconds: (value: number) => numbers.milliseconds(value, locale.value),
    percent: (share: number) => numbers.percent(share, locale.value),
    threshold: (value: number) => numbers.threshold(value, locale.value),
    tiny: (value: number) => numbers.tiny(value, locale.value),
  }
}
