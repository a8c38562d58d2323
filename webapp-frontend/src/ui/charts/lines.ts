import type { Point } from '@/features/training/curves'

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

const SHAPES = ['circle', 'rect', 'triangle', 'rectRot'] as const

/** Colour (a name of the theme) and marker of a line: four shapes, filled and then hollow. */
export function lookOf(look: number) {
  const shape = SHAPES[look % SHAPES.length] ?? 'circle'
  return { color: `line-${String(look + 1)}`, shape, hollow: look >= SHAPES.length }
}
