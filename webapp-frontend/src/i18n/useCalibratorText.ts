import { useI18n } from 'vue-i18n'
import type { Calibrator } from '@/api/types'
import { useFormat } from './useFormat'

/** How a calibrator works, with its numbers. */
export function useCalibratorText() {
  const { t } = useI18n()
  const { count, decimal } = useFormat()

  return (calibrator: Calibrator) => {
    if (calibrator.kind === 'none') return t('models.calibrator.none')
    if (calibrator.kind === 'isotonic') {
      return t('models.calibrator.isotonic', { points: count(calibrator.x.length) })
    }
    const { bias } = calibrator
    const temperature = decimal(calibrator.temperature)
    return bias
      ? t('models.calibrator.platt', { temperature, bias: decimal(bias) })
      : t('models.calibrator.temperature', { temperature })
  }
}
