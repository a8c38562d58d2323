import { Chart, LinearScale, LineController, LineElement, LogarithmicScale, PointElement } from 'chart.js'
import { computed, onBeforeUnmount, onMounted, watch, type Ref } from 'vue'
import { useTheme } from 'vuetify'
import { datasetOf, optionsOf, type Colours } from './chartConfig'
import { cursorPlugin } from './cursorPlugin'
import type { ChartAxis, ChartLine } from './lines'

Chart.register(LineController, LineElement, PointElement, LinearScale, LogarithmicScale)

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
      options: optionsOf(axes, colours.value, family),
    }
  }

  onMounted(() => {
    if (!canvas.value) return
    const cursor = cursorPlugin(() => ({ ...drawing(), colours: colours.value }))
    chart = new Chart(canvas.value, { type: 'line', ...config(), plugins: [cursor] })
  })
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
