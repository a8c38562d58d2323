/** Null where there is no number. */
export type Value = number | null

export interface Point {
  x: number
  y: Value
}

/** One line of a chart. */
export interface ChartLine {
  id: string
  /** Which of the looks it has: colour and marker; null: a grey line to compare with. */
  look: number | null
  dashed: boolean
  /** What was measured, behind what is smoothed: pale, and without values of its own. */
  faint?: boolean
  points: Point[]
}

export interface ChartAxis {
  title: string
  min?: number
  max?: number
  /** Only whole numbers are ticked. */
  whole?: boolean
  logarithmic?: boolean
  format?: (value: number) => string
}

/** Curves with everything that is needed to draw and to read them. */
export interface Figure {
  title: string
  lead: string
  axes: { x: ChartAxis; y: ChartAxis }
  /** `look` defaults to the place in the list; `note` follows the value in parentheses. */
  curves: { name: string; look?: number; note?: string; points: Point[] }[]
  /** Grey lines for reference. */
  guides: ChartLine[]
  /** Where values can be read, in ascending order. */
  places: number[]
  /** Where the cursor is at first. */
  start: number
  /** A place in words. */
  at: (place: number) => string
  /** A place in the table; without it, places are percentages. */
  place?: (place: number) => string
  /** A value in words; without it, values are percentages. */
  format?: (value: number) => string
}

const SHAPES = ['circle', 'rect', 'triangle', 'rectRot'] as const

/** Colour (a name of the theme) and marker of a line: four shapes, filled and then hollow. */
export function lookOf(look: number) {
  const shape = SHAPES[look % SHAPES.length] ?? 'circle'
  return { color: `line-${String(look + 1)}`, shape, hollow: look >= SHAPES.length }
}

/** The place nearest to a position on the x axis; null without places. */
export function nearest(places: number[], x: number): number | null {
  if (places.length === 0) return null
  return places.reduce((a, b) => (Math.abs(b - x) < Math.abs(a - x) ? b : a))
}

/** The last point up to a place, as curves are steps; null before and after the curve. */
export function pointAt(points: Point[], x: number): Point | null {
  const end = points.at(-1)
  if (!end || x > end.x) return null
  return points.findLast((point) => point.x <= x) ?? null
}

/** At most `count` of the places, evenly spaced, with both ends. */
export function thinned(places: number[], count: number): number[] {
  if (places.length <= count) return places
  const step = (places.length - 1) / (count - 1)
  return Array.from({ length: count }, (_, index) => places[Math.round(index * step)] ?? 0)
}
