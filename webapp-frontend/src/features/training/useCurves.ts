import { computed, reactive, ref, type Ref, watch } from 'vue'
import { useI18n } from 'vue-i18n'
import type { RunDetail } from '@/api/types'
import { useFormat } from '@/i18n/format'
import { usePartName, useTagName } from '@/i18n/runs'
import { type ChartAxis, type ChartLine, type Point, pointAt } from '@/ui/charts/lines'
import { isByEpoch, tagsOf } from './curves'
import * as curves from './curves'

/** What the reader sets above the curves. */
export interface CurveView {
  tag: string
  axis: curves.Axis
  part: 'both' | 'train' | 'validation'
  smoothing: number
  scale: 'linear' | 'logarithmic'
}

/** One line of the table below the curves. */
export interface CurveRow {
  id: string
  run: string
  part: string
  look: number
  dashed: boolean
  count: number
  /** Where the cursor is, as drawn. */
  here: Point | null
  last: Point | null
  best: Point | null
}

/** The curves of runs as lines to be drawn and as rows to be read. */
export function useCurves(runs: Ref<RunDetail[]>, looks: Ref<Map<string, number>>) {
  const { t } = useI18n()
  const { curveValue, duration } = useFormat()
  const partName = usePartName()
  const tagName = useTagName()

  const view = reactive<CurveView>({
    tag: 'epoch_accuracy',
    axis: 'step',
    part: 'both',
    smoothing: 0,
    scale: 'linear',
  })
  const tags = computed(() => tagsOf(runs.value.map(({ run }) => run)))
  const tag = computed(() => (tags.value.includes(view.tag) ? view.tag : (tags.value[0] ?? '')))
  const parts = computed(() => (view.part === 'both' ? ['train', 'validation'] : [view.part]))
  const visible = computed(() =>
    curves.curvesOf(runs.value, { ...view, tag: tag.value, parts: parts.value }),
  )

  const cursor = ref<number | null>(null)
  watch([tag, () => view.axis], () => (cursor.value = null))
  const places = computed(() => curves.placesOf(visible.value))
  const here = computed(() => cursor.value ?? places.value.at(-1) ?? 0)

  const lookOf = (run: string) => looks.value.get(run) ?? 0
  const lines = computed<ChartLine[]>(() =>
    visible.value.flatMap(({ id, run, part, raw, points }) => {
      const line = { id, look: lookOf(run), dashed: part === 'train', points }
      return view.smoothing ? [{ ...line, id: `${id} raw`, faint: true, points: raw }, line] : [line]
    }),
  )
  const rows = computed<CurveRow[]>(() =>
    visible.value.map(({ id, run, part, raw, points }) => ({
      id,
      run,
      part,
      look: lookOf(run),
      dashed: part === 'train',
      count: raw.length,
      here: pointAt(points, here.value),
      last: curves.lastPoint(raw),
      best: curves.bestPoint(raw, tag.value),
    })),
  )

  const unit = computed(() => {
    if (view.axis === 'time') return 'time'
    return isByEpoch(tag.value) ? 'epoch' : 'step'
  })
  const axes = computed<{ x: ChartAxis; y: ChartAxis }>(() => ({
    x: {
      title: t(`training.axis.${unit.value}`),
      min: places.value[0],
      max: places.value.at(-1),
      whole: unit.value !== 'time',
      format: unit.value === 'time' ? duration : undefined,
    },
    y: { title: tagName(tag.value), logarithmic: view.scale === 'logarithmic' },
  }))

  /** A place on the x axis in words, such as `Epoch 12`. */
  function placeName(place: number) {
    const value = unit.value === 'time' ? duration(place) : place
    return t(`training.place.${unit.value}`, { value })
  }

  function describe(place: number) {
    const values = visible.value.flatMap(({ run, part, points }) => {
      const y = pointAt(points, place)?.y
      return y == null ? [] : `${run} ${partName(part)} ${curveValue(y)}`
    })
    return [placeName(place), ...values].join(', ')
  }

  return { view, tag, tags, cursor, here, places, lines, rows, axes, placeName, describe }
}
