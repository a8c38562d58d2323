import { useI18n } from 'vue-i18n'
import type { EvaluationRow } from '@/api/types'
import { useFormat } from './useFormat'

/** How many pictures were judged, in words. */
export function useSampleText() {
  const { t } = useI18n()
  const { count } = useFormat()

  return ({ n_real, n_fake, skipped }: EvaluationRow) => {
    const read = t('models.evaluation.sample', {
      total: count(n_real + n_fake),
      real: count(n_real),
      fake: count(n_fake),
    })
    return skipped ? `${read} ${t('models.evaluation.skipped', skipped)}` : read
  }
}
