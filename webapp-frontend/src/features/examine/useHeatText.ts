import { useI18n } from 'vue-i18n'
import type { ClassName, Explanation } from '@/api/types'
import type { Fact } from '@/ui/facts'
import { heatAt, strength, strongestRegions, type HeatGrid, type Place } from './heat'
import { useFormat } from '@/i18n/useFormat'

/** What a heat map shows, for who cannot see it or wants the values. */
export function useHeatText() {
  const { t } = useI18n()
  const { decimal, threshold, tiny } = useFormat()

  /** What lies at a place. */
  function at(grid: HeatGrid, { unit }: Explanation, place: Place) {
    const value = heatAt(grid, place)
    if (Number.isNaN(value)) return t('examine.heat.value.unseen')
    if (value === 0) return t('examine.heat.value.nothing')
    const towards: ClassName = value > 0 ? 'Fake' : 'Real'
    const share = threshold(Math.round(strength(grid, value) * 100) / 100)
    const own = t('examine.heat.value.share', { class: t(`classes.${towards}`), share })
    return unit === 'own' ? own : `${own} ${t('examine.heat.value.odds', { value: tiny(value) })}`
  }

  /** Where the strongest regions lie. */
  function strongest(grid: HeatGrid, { judged }: Explanation, towards: ClassName) {
    const values = { class: t(`classes.${towards}`), whole: t(`examine.heat.part.${judged}`) }
    const regions = strongestRegions(grid, towards).map((name) => t(`examine.heat.region.${name}`))
    if (!regions.length) return t('examine.heat.strongest.none', values)
    return t('examine.heat.strongest.at', { ...values, regions: regions.join(', ') })
  }

  /** The figures that say how far to believe it. */
  function facts({ log_odds, figures }: Explanation): Fact[] {
    const told = Object.entries(figures).map(([name, value]) => ({
      label: t(`examine.heat.figure.${name}`),
      value: decimal(value),
    }))
    return [{ label: t('examine.heat.figure.log_odds'), value: decimal(log_odds) }, ...told]
  }

  return { at, strongest, facts }
}
