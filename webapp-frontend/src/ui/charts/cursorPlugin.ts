import type { Plugin } from 'chart.js'
import { pointAt } from './curves'
import { lookOf, type ChartLine } from './lines'
import type { Colours } from './chartConfig'

interface Seen {
  cursor: number | null
  lines: ChartLine[]
  colours: Colours
}

/** Draws an upright line where the cursor is, and rings the points whose values hold there. */
export function cursorPlugin(seen: () => Seen): Plugin<'line'> {
  return {
    id: 'cursor',
    afterDatasetsDraw({ ctx, chartArea, scales: { x, y } }) {
      const { cursor, lines, colours } = seen()
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
