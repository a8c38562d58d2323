import { useI18n } from 'vue-i18n'
import type { EvaluationRow } from '@/api/types'
import { isShare, metricOf, type Metric } from '@/features/evaluation/metrics'
import { useFormat } from './useFormat'

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

  /** A difference of two values; of shares in percentage points. */
  function showChange(name: string, by: number) {
    return isShare(name) ? t('metrics.points', { value: change(100 * by, 1) }) : change(by, 3)
  }

  /** Some metrics in one line; those that were not measured are left out. */
  function brief(row: EvaluationRow, names: string[]) {
    const found = names.flatMap((name) => metricOf(row, name) ?? [])
    return found.map((metric) => `${label(metric.name)}: ${show(metric, metric.value)}`).join(' · ')
  }

  return { brief, label, help, show, showChange, range }
}
