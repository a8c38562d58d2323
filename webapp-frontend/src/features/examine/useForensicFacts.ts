import { useI18n } from 'vue-i18n'
import type { ForensicLook } from '@/api/types'
import type { Fact } from '@/ui/facts'
import { useFormat } from '@/i18n/useFormat'

type Values = Record<string, Fact['value'] | null>
type Numbers<View> = Extract<ForensicLook, { view: View }>['numbers']

/** The strongest patterns are told one by one. */
const TOLD = 5

/** The numbers of a forensic view, in words; what does not apply is left out. */
export function useForensicFacts() {
  const { t } = useI18n()
  const { count, decimal, percent } = useFormat()

  function valuesOf(look: ForensicLook): Values {
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

  return (look: ForensicLook): Fact[] =>
    Object.entries(valuesOf(look)).flatMap(([name, value]) =>
      value === null ? [] : [{ label: t(`forensics.${look.view}.number.${name}`), value }],
    )
}
