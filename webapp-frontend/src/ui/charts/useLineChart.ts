import type { Chart, ChartDataset, ChartOptions, Plugin } from 'chart.js'
import { computed, onBeforeUnmount, onMounted, type Ref, watch } from 'vue'
import { useTheme } from 'vuetify'
import { i18n } from '@/i18n/i18n'
import { type ChartAxis, type ChartLine, lookOf, pointAt } from './lines'

interface Drawing {
  lines: ChartLine[]
  axes: { x: ChartAxis; y: ChartAxis }
  cursor: number | null
}

/** Keeps a canvas drawn. Gives back what lies at a pixel of it, counted from its left edge. */
export function useLineChart(canvas: Ref<HTMLCanvasElement | null>, drawing: () => Drawing) {
  const theme = useTheme()
  const colours = computed<Colours>(() => {
    const named = Object.entries(theme.current.value.colors)
    return Object.fromEntries(named.map(([name, colour]) => [name, String(colour)]))
  })
  // Vue must not see into it: its proxies break Chart.js.
  let chart: Chart<'line', { x: number; y: number }[]> | undefined

  function config() {
    const { lines, axes } = drawing()
    const family = getComputedStyle(document.body).fontFamily
    return {
      data: { datasets: lines.map((line) => datasetOf(line, colours.value)) },
      options: { ...optionsOf(axes, colours.value, family), locale: i18n.global.locale.value },
    }
  }

  onMounted(async () => {
    // Chart.js is a fifth of the page's code: it is fetched with the first chart.
    const { LineChart } = await import('./library')
    // The component may be gone by now.
    if (!canvas.value) return
    const cursor = cursorPlugin(() => ({ ...drawing(), colours: colours.value }))
    chart = new LineChart(canvas.value, { type: 'line', ...config(), plugins: [cursor] })
  })
  // Axes have titles, so they change with the language too.
  watch([() => drawing().lines, () => drawing().axes, colours], () => {
    if (chart) Object.assign(chart, config()).update('none')
  })
  watch(
    () => drawing().cursor,
    () => chart?.draw(),
  )
  onBeforeUnmount(() => chart?.destroy())

  return { valueAt: (pixel: number) => chart?.scales.x?.getValueForPixel(pixel) }
}

/** The colours of the theme, by name. */
export type Colours = Record<string, string>
type Dataset = ChartDataset<'line', { x: number; y: number }[]>

/** More markers than this hide the line. */
const MARKERS = 24
const PALE = '55'

export function datasetOf(line: ChartLine, colours: Colours): Dataset {
  const { color, shape, hollow } = lookOf(line.look ?? 0)
  const ink = (line.look === null ? colours.uncertain : colours[color]) ?? ''
  const every = Math.ceil(line.points.length / MARKERS)
  const plain = line.faint === true || line.look === null
  return {
    // A gap is no number: Chart.js then lifts its pen.
    data: line.points.map(({ x, y }) => ({ x, y: y ?? Number.NaN })),
    borderColor: line.faint ? ink + PALE : ink,
    // Where lines run together, the shorter one is drawn on top.
    order: line.points.length,
    borderWidth: plain ? 1.25 : 2,
    borderDash: line.dashed ? [6, 4] : [],
    pointStyle: shape,
    pointBackgroundColor: hollow ? colours.surface : ink,
    pointBorderWidth: 1.5,
    pointRadius: ({ dataIndex }) => (plain || dataIndex % every ? 0 : 3.5),
    pointHitRadius: 0,
    // Markers at the edge are whole.
    clip: 8,
  }
}

export function optionsOf(
  axes: { x: ChartAxis; y: ChartAxis },
  colours: Colours,
  family: string,
): ChartOptions<'line'> {
  return {
    animation: false,
    events: [],
    maintainAspectRatio: false,
    normalized: true,
    parsing: false,
    font: { family, size: 12 },
    layout: { padding: { top: 6, right: 10 } },
    scales: {
      x: { type: 'linear', ...scale(axes.x, colours) },
      y: { type: axes.y.logarithmic ? 'logarithmic' : 'linear', ...scale(axes.y, colours) },
    },
  }
}

function scale(axis: ChartAxis, colours: Colours) {
  const { format } = axis
  const color = colours.uncertain
  const ticks = {
    color,
    maxRotation: 0,
    autoSkipPadding: 16,
    ...(axis.whole ? { precision: 0 } : {}),
    ...(format ? { callback: (value: number | string) => format(Number(value)) } : {}),
  }
  const grid = { color: `${color ?? ''}2e` }
  return {
    min: axis.min,
    max: axis.max,
    title: { display: true, text: axis.title, color },
    ticks,
    grid,
    border: { color: `${color ?? ''}66` },
  }
}

interface CursorState {
  cursor: number | null
  lines: ChartLine[]
  colours: Colours
}

/** Draws an upright line where the cursor is, and rings the points whose values hold there. */
export function cursorPlugin(state: () => CursorState): Plugin<'line'> {
  return {
    id: 'cursor',
    afterDatasetsDraw({ ctx, chartArea, scales: { x, y } }) {
      const { cursor, lines, colours } = state()
      if (cursor === null || !x || !y) return
      ctx.save()
      ctx.strokeStyle = colours['on-surface'] ?? ''
      ctx.lineWidth = 1
      ctx.setLineDash([3, 3])
      ctx.beginPath()
      ctx.moveTo(x.getPixelForValue(cursor), chartArea.top)
      ctx.lineTo(x.getPixelForValue(cursor), chartArea.bottom)
      ctx.stroke()
      ctx.setLineDash([])
      ctx.lineWidth = 2
      for (const { points, faint, look } of lines) {
        const point = faint || look === null ? null : pointAt(points, cursor)
        if (point?.y == null || look === null) continue
        ctx.strokeStyle = colours[lookOf(look).color] ?? ''
        ctx.beginPath()
        ctx.arc(x.getPixelForValue(point.x), y.getPixelForValue(point.y), 7, 0, 2 * Math.PI)
        ctx.stroke()
      }
      ctx.restore()
    },
  }
}
