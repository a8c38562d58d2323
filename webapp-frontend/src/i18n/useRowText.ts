import { useI18n } from 'vue-i18n'
import type { EvaluationRow } from '@/api/types'
import { useFormat } from './useFormat'

/** Deliveries of which a share of the picture, or of its light, is left. */
const SHARES = new Set(['occlusion', 'resize', 'shade'])

/** What a row was measured on, in words. */
export function useRowText() {
  const { t, te } = useI18n()
  const { threshold } = useFormat()

  /** `jpeg-q90`, `blur-1` and their like as people say it; the name itself where it is not known. */
  function deliveryName(delivery: string) {
    const [, kind = delivery, strength = ''] = /^([a-z]+)(?:-q?([\d.]+))?$/.exec(delivery) ?? []
    const known = te(`models.delivery.${kind}`)
    const value = SHARES.has(kind) ? threshold(Number(strength)) : strength
    return known ? t(`models.delivery.${kind}`, { value }) : delivery
  }

  /** The data set of a row, and what made its fakes; where it is not one, all of them. */
  function picturesName({ dataset, generator }: EvaluationRow) {
    return [dataset, generator ?? t('models.evaluation.generators.all')].join(' · ')
  }

  function rowName({ dataset, split, generator, delivery }: EvaluationRow) {
    const arrived = delivery === 'original' ? null : deliveryName(delivery)
    return [dataset, split, generator, arrived].filter(Boolean).join(' · ')
  }

  return { deliveryName, picturesName, rowName }
}
