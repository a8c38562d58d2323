import { useI18n } from 'vue-i18n'
import type { Curve, Curves, EvaluationRow } from '@/api/types'
import { useFormat } from '@/i18n/format'
import { useMetricText, useSampleText } from '@/i18n/metrics'
import type { ChartLine, Figure } from '@/ui/charts/lines'
import { pointsOf, thresholdCurves } from './metrics'

/** A measured curve with the name and the look of its line. */
export interface Series {
  name: string
  look?: number
  note?: string
  curve: Curve
}

const PLACES = Array.from({ length: 101 }, (_, percent) => percent / 100)
const LOW_FALSE_POSITIVE_RATE = 0.05
const HIGH_RECALL = 0.8

function guide(from: [x: number, y: number], to: [x: number, y: number]): ChartLine {
  const points = [from, to].map(([x, y]) => ({ x, y }))
  return { id: 'guide', look: null, dashed: true, points }
}

/** The curves of an evaluation as figures, of one model or of several overlaid. */
export function useFigures() {
  const { t } = useI18n()
  const { count, percent, threshold } = useFormat()
  const { label } = useMetricText()
  const sample = useSampleText()

  const axis = (title: string) => ({ title, min: 0, max: 1, format: threshold })
  const drawn = (series: Series[]) =>
    series.map(({ curve, ...line }) => ({ ...line, points: pointsOf(curve) }))

  function roc(series: Series[]): Figure {
    return {
      title: t('models.evaluation.curves.roc.title'),
      lead: t('models.evaluation.curves.roc.lead'),
      axes: { x: axis(t('compare.roc.x')), y: axis(t('compare.roc.y')) },
      curves: drawn(series),
      guides: [guide([0, 0], [1, 1])],
      places: PLACES,
      start: LOW_FALSE_POSITIVE_RATE,
      at: (place) => t('compare.roc.at', { share: threshold(place) }),
    }
  }

  function precisionRecall(series: Series[], { n_fake, n_real }: EvaluationRow): Figure {
    const chance = n_fake / (n_fake + n_real)
    return {
      title: t('models.evaluation.curves.pr.title'),
      lead: t('models.evaluation.curves.pr.lead', { share: percent(chance) }),
      axes: {
        x: axis(t('models.evaluation.curves.pr.x')),
        y: axis(t('models.evaluation.curves.pr.y')),
      },
      curves: drawn(series),
      guides: [guide([0, chance], [1, chance])],
      places: PLACES,
      start: HIGH_RECALL,
      at: (place) => t('models.evaluation.curves.pr.at', { share: threshold(place) }),
    }
  }

  function reliability(series: Series[], row: EvaluationRow): Figure {
    const bins = Math.max(1, ...series.map(({ curve }) => curve.x.length))
    const each = count((row.n_real + row.n_fake) / bins)
    const places = [...new Set(series.flatMap(({ curve }) => curve.x))].sort((a, b) => a - b)
    return {
      title: t('models.evaluation.reliability.title'),
      lead: t('models.evaluation.reliability.lead', { sample: sample(row), each }),
      axes: {
        x: axis(t('models.evaluation.reliability.x')),
        y: axis(t('models.evaluation.reliability.y')),
      },
      curves: drawn(series),
      guides: [guide([0, 0], [1, 1])],
      places,
      start: 1,
      at: (place) => t('models.evaluation.reliability.at', { share: percent(place) }),
    }
  }

  /** `marked` is the threshold of the vertical line and of the cursor. */
  function thresholds(curves: Curves, row: EvaluationRow, marked: number): Figure {
    return {
      title: t('models.evaluation.threshold.title'),
      lead: t('models.evaluation.threshold.lead', { threshold: threshold(marked) }),
      axes: { x: axis(t('models.threshold.title')), y: axis(t('models.evaluation.value')) },
      curves: thresholdCurves(curves, row).map(([metric, curve]) => ({
        name: label(metric),
        points: pointsOf(curve),
      })),
      guides: [guide([marked, 0], [marked, 1])],
      places: curves.threshold.x,
      start: marked,
      at: (place) => t('compare.confusion.at', { threshold: threshold(place) }),
    }
  }

  return { roc, precisionRecall, reliability, thresholds }
}
