import type { Point } from '@/ui/charts/lines'

/** A radial profile as the points of a line: ring by ring, in cycles a pixel. */
export function radialPoints(radial: number[]): Point[] {
  return radial.map((y, ring) => ({ x: ring / (2 * radial.length), y }))
}
