import { useI18n } from 'vue-i18n'
import * as numbers from './numbers'
import * as times from './times'

/** The number formats in the language of the page. */
export function useFormat() {
  const { locale } = useI18n()
  return {
    bytes: (size: number) => numbers.bytes(size, locale.value),
    change: (value: number, digits: number) => numbers.change(value, digits, locale.value),
    count: (value: number) => numbers.count(value, locale.value),
    curveValue: (value: number) => numbers.curveValue(value, locale.value),
    decimal: (value: number) => numbers.decimal(value, locale.value),
    duration: (seconds: number) => times.duration(seconds, locale.value),
    milliseconds: (value: number) => numbers.milliseconds(value, locale.value),
    /** In the reader's own way of writing dates, whatever the language of the page. */
    moment: (iso: string) => times.moment(iso),
    pValue: (value: number) => numbers.pValue(value, locale.value),
    percent: (share: number) => numbers.percent(share, locale.value),
    threshold: (value: number) => numbers.threshold(value, locale.value),
    tiny: (value: number) => numbers.tiny(value, locale.value),
  }
}
