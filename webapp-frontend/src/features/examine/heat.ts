import type { ClassName, Explanation } from '@/api/types'

/** How much each place of the part of a picture that was judged speaks for Fake. */
export interface HeatGrid {
  width: number
  height: number
  /** Row by row: above zero speaks for Fake, below for Real; NaN: the model did not look there. */
  values: Float32Array
  least: number
  most: number
}

/** How a heat map says that the model did not look there. */
const UNSEEN = -32768

export function gridOf({ width, height, values, step, least, most }: Explanation['map']): HeatGrid {
  const levels = new Int16Array(bytesOf(values).buffer)
  const told = Float32Array.from(levels, (level) => (level === UNSEEN ? Number.NaN : level * step))
  return { width, height, values: told, least, most }
}

/** A place as shares of a width and a height, from the upper left corner. */
export interface Place {
  x: number
  y: number
}

/** The ninths of a picture, row by row. */
export const REGIONS = [
  'upper_left',
  'upper',
  'upper_right',
  'left',
  'middle',
  'right',
  'lower_left',
  'lower',
  'lower_right',
] as const
export type Region = (typeof REGIONS)[number]

/** Of the strongest region's heat, so much makes another one worth its name. */
const WORTHY = 0.6
const MOST = 3

/** What the heat map says at a place of it; NaN outside, and where the model did not look. */
export function heatAt({ width, height, values }: HeatGrid, { x, y }: Place): number {
  if (x < 0 || x > 1 || y < 0 || y > 1) return Number.NaN
  const column = Math.min(Math.floor(x * width), width - 1)
  const row = Math.min(Math.floor(y * height), height - 1)
  return values[row * width + column] ?? Number.NaN
}

/** How strong a value is, as a share of the strongest that speaks for the same class. */
export function strength({ least, most }: HeatGrid, value: number): number {
  return value > 0 ? value / most : value / least
}

/** The regions that speak most for a class, strongest first; none where nothing does. */
export function strongestRegions(grid: HeatGrid, towards: ClassName): Region[] {
  const heats = regionHeats(grid, towards === 'Fake' ? 1 : -1)
  const most = Math.max(...heats)
  if (!(most > 0)) return []
  return REGIONS.map((name, at) => ({ name, heat: heats[at] ?? 0 }))
    .filter(({ heat }) => heat >= WORTHY * most)
    .sort((a, b) => b.heat - a.heat)
    .slice(0, MOST)
    .map(({ name }) => name)
}

/** How much each region speaks for a class, on average over what was looked at of it. */
function regionHeats({ width, height, values }: HeatGrid, sign: number): number[] {
  const sums = REGIONS.map(() => 0)
  const counts = REGIONS.map(() => 0)
  values.forEach((value, at) => {
    if (Number.isNaN(value)) return
    const row = Math.floor((Math.floor(at / width) / height) * 3)
    const region = row * 3 + Math.floor(((at % width) / width) * 3)
    sums[region] = (sums[region] ?? 0) + Math.max(0, sign * value)
    counts[region] = (counts[region] ?? 0) + 1
  })
  return sums.map((sum, region) => sum / Math.max(1, counts[region] ?? 0))
}

const STEP = 0.02
const LEAP = 0.1
const MOVES: Partial<Record<string, [across: number, down: number]>> = {
  ArrowLeft: [-STEP, 0],
  ArrowRight: [STEP, 0],
  ArrowUp: [0, -STEP],
  ArrowDown: [0, STEP],
  Home: [-1, 0],
  End: [1, 0],
  PageUp: [0, -LEAP],
  PageDown: [0, LEAP],
}

/** Where a key leads from a place, within the picture; null for a key that leads nowhere. */
export function movedBy(key: string, { x, y }: Place): Place | null {
  const move = MOVES[key]
  if (!move) return null
  const within = (value: number) => Math.min(Math.max(value, 0), 1)
  return { x: within(x + move[0]), y: within(y + move[1]) }
}

/** The bytes that a base64 text stands for. */
export function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
}
