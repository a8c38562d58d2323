import { useI18n } from 'vue-i18n'
import type { ClassName, Credentials, Explanation, ForensicResult } from '@/api/types'
import {
  heatAt,
  type HeatGrid,
  type Place,
  strength,
  strongestRegions,
} from '@/features/examine/heat'
import type { Fact } from '@/ui/facts'
import { useFormat } from './format'

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

type Values = Record<string, Fact['value'] | null>
type Numbers<View> = Extract<ForensicResult, { view: View }>['numbers']

/** The strongest patterns are told one by one. */
const TOLD = 5

/** The numbers of a forensic view, in words; what does not apply is left out. */
export function useForensicFacts() {
  const { t } = useI18n()
  const { count, decimal, percent } = useFormat()

  function valuesOf(look: ForensicResult): Values {
    switch (look.view) {
      case 'error_level':
        return errorLevels(look.numbers)
      case 'noise':
        return noise(look.numbers)
      case 'spectrum':
        return spectrum(look.numbers)
      case 'jpeg':
        return jpeg(look.numbers)
      case 'double_compression':
        return doubleCompression(look.numbers)
      case 'colours':
        return colours(look.numbers)
    }
  }

  function errorLevels({ quality, gain, mean, percentile_99 }: Numbers<'error_level'>): Values {
    return {
      quality: count(quality),
      gain: t('forensics.times', { gain: decimal(gain) }),
      mean: decimal(mean),
      percentile_99: decimal(percentile_99),
    }
  }

  function noise(it: Numbers<'noise'>): Values {
    return {
      gain: t('forensics.times', { gain: count(it.gain) }),
      deviation: decimal(it.deviation),
      percentile_5: decimal(it.percentile_5),
      median: decimal(it.median),
      percentile_95: decimal(it.percentile_95),
    }
  }

  function spectrum({ side, peaks, data, pictures }: Numbers<'spectrum'>): Values {
    const told = peaks.slice(0, TOLD).map(({ period, height, jpeg_grid }) =>
      t(jpeg_grid ? 'forensics.peak.jpeg' : 'forensics.peak.other', {
        period: decimal(period),
        height: decimal(height),
      }),
    )
    const behind = { real: count(pictures.Real ?? 0), fake: count(pictures.Fake ?? 0), data }
    return {
      side: t('detect.picture.size', { width: count(side), height: count(side) }),
      peaks: told.length ? told : t('forensics.peak.none'),
      averages: data ? t('forensics.averages', behind) : null,
    }
  }

  function jpeg({ format, quality, libjpeg, subsampling, progressive }: Numbers<'jpeg'>): Values {
    const tables = libjpeg ? 'forensics.quality.libjpeg' : 'forensics.quality.other'
    return {
      format,
      quality: quality == null ? null : t(tables, { quality: count(quality) }),
      subsampling: subsampling ?? null,
      progressive: progressive == null ? null : t(progressive ? 'forensics.yes' : 'forensics.no'),
    }
  }

  function doubleCompression({ hint, modes, blocks }: Numbers<'double_compression'>): Values {
    const periodic = modes.filter((mode) => mode.periodic).length
    return {
      hint: t(hint ? 'forensics.twice.hint' : 'forensics.twice.none'),
      modes: t('forensics.twice.modes', { n: count(periodic), total: count(modes.length) }),
      blocks: count(blocks),
    }
  }

  function colours({ gaps, darkest, brightest }: Numbers<'colours'>): Values {
    return {
      gaps: gaps.map(count).join(', '),
      darkest: percent(darkest),
      brightest: percent(brightest),
    }
  }

  return (look: ForensicResult): Fact[] =>
    Object.entries(valuesOf(look)).flatMap(([name, value]) =>
      value === null ? [] : [{ label: t(`forensics.${look.view}.number.${name}`), value }],
    )
}

/** What content credentials tell, in words; what they do not tell is left out. */
export function useCredentialFacts() {
  const { t } = useI18n()
  const { count } = useFormat()

  return (it: Credentials): Fact[] => {
    const actions = it.actions.map(({ action, software, source_type }) =>
      [action, software, source_type].filter(Boolean).join(' · '),
    )
    const values: Record<string, Fact['value'] | null> = {
      signer: it.signer ?? null,
      signer_name: it.signer_name ?? null,
      signed_at: it.signed_at ?? null,
      generator: it.generator ?? null,
      actions: actions.length ? actions : null,
      ingredients: it.ingredients ? count(it.ingredients) : null,
      problems: it.problems.length ? it.problems : null,
    }
    return Object.entries(values).flatMap(([name, value]) =>
      value === null ? [] : [{ label: t(`provenance.credentials.fact.${name}`), value }],
    )
  }
}
