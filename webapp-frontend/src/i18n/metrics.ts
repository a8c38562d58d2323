import { useI18n } from 'vue-i18n'
import type { EvaluationRow } from '@/api/types'
import { isShare, type Metric } from '@/features/evaluation/metrics'
import { useFormat } from './format'

/** Metrics and their values in words. */
export function useMetricText() {
  const { t, te } = useI18n()
  const { change, decimal, percent } = useFormat()

  function label(name: string) {
    return te(`metrics.name.${name}`) ? t(`metrics.name.${name}`) : name.replaceAll('_', ' ')
  }

  /** What it means; empty where that is not known. */
  function help(name: string) {
    return te(`metrics.help.${name}`) ? t(`metrics.help.${name}`) : ''
  }

  function show({ share }: Pick<Metric, 'share'>, value: number) {
    return share ? percent(value) : decimal(value)
  }

  function range(metric: Metric) {
    const { low, high } = metric
    return t('models.evaluation.range', { low: show(metric, low), high: show(metric, high) })
  }

  /** A difference of two values, of shares in percentage points; empty without one. */
  function showChange(name: string, by: number | undefined) {
    if (by === undefined) return ''
    return isShare(name) ? t('metrics.points', { value: change(100 * by, 1) }) : change(by, 3)
  }

  return { label, help, show, showChange, range }
}

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
