import { useI18n } from 'vue-i18n'
import type { Comparison } from '@/api/types'
import { votesOf } from '@/features/detect/verdicts'
import { useFormat } from './useFormat'

/** How many of the models see signs of generation, in words. */
export function useSignsText() {
  const { t } = useI18n()
  const { count } = useFormat()

  return ({ results }: Pick<Comparison, 'results'>) => {
    const { fake } = votesOf(results.map(({ verdict }) => verdict))
    return t('examine.heat.signs', { n: count(fake), total: count(results.length) }, fake)
  }
}
