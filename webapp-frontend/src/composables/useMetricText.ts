import { useI18n } from 'vue-i18n'
import type { Metric } from '@/domain/metrics'
import { useFormat } from './useFormat'

/** Metrics and their values in words. */
export function useMetricText() {
  const { t, te } = useI18n()
  const { decimal, percent } = useFormat()

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

  return { label, help, show, range }
}
