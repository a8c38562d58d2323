import type { ChartDataset, ChartOptions } from 'chart.js'
import { lookOf, type ChartAxis, type ChartLine } from './lines'

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
