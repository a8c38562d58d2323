import { useI18n } from 'vue-i18n'
import type { Assumption, ModelRow } from '@/api/types'
import { useFormat } from './format'

/** The assumptions about a model without a card: sentences of the service, and with codes. */
export type Assumptions = Pick<ModelRow, 'assumptions' | 'assumed'>

/** Assumptions about a model without a card, in the language of the page. */
export function useAssumptionTexts() {
  const { t, te } = useI18n()
  const { count } = useFormat()

  function textOf({ code, member, message, values }: Assumption) {
    // The service may know codes that this page does not.
    if (!te(`assumption.${code}`, 'en')) return message
    const texts = Object.fromEntries(
      Object.entries(values).map(([name, value]) => [
        name,
        typeof value === 'number' ? count(value) : t(`classes.${value}`),
      ]),
    )
    const text = t(`assumption.${code}`, texts)
    return member ? `${member}: ${text}` : text
  }

  /** Verdicts of older versions have the sentences of the service only. */
  return ({ assumed, assumptions }: Assumptions): string[] =>
    assumed.length ? assumed.map(textOf) : assumptions
}
