import { mount } from '@vue/test-utils'
import { beforeEach, expect, it } from 'vitest'
import HeatCursor from '@/features/examine/HeatCursor.vue'
import HeatLegend from '@/features/examine/HeatLegend.vue'
import HeatStage from '@/features/examine/HeatStage.vue'
import { useHeatLook } from '@/features/examine/useHeatMap'
import { i18n } from '@/i18n/i18n'
import { createDesign } from '@/ui/theme'
import { explanation } from './explained'

const global = { plugins: [i18n, createDesign()] }
const look = useHeatLook()

function stage() {
  const props = { picture: 'blob:1', explanation: explanation(), alt: 'words', describe: () => '' }
  return mount(HeatStage, { props, global })
}

beforeEach(() => {
  look.layout.value = 'over'
  look.colours.value = 'viridis'
  look.towards.value = 'Fake'
  look.opacity.value = 0.6
})

it('lays the heat map of the chosen class and colours over the part that was judged', async () => {
  const shown = stage()
  const layer = shown.get('img.layer')
  expect(layer.attributes('alt')).toBe('words')
  expect(layer.attributes('src')).toBe('data:image/png;base64,ZmFrZQ==')
  expect(layer.attributes('style')).toContain('opacity: 0.6')
  expect(shown.get('img.under').attributes('style')).toContain('left: -100.00%')
  look.towards.value = 'Real'
  look.colours.value = 'jet'
  await shown.vm.$nextTick()
  expect(layer.attributes('src')).toBe('data:image/png;base64,cmVhbC1qZXQ=')
})

it('shows picture and heat map side by side, parted by a slider', async () => {
  const shown = stage()
  expect(shown.find('input[type=range]').exists()).toBe(false)
  look.layout.value = 'beside'
  await shown.vm.$nextTick()
  const handle = shown.get('input[type=range]')
  expect(handle.attributes('aria-valuetext')).toBe('Heat map from 50% of the width')
  await handle.setValue('0.2')
  expect(handle.attributes('aria-valuetext')).toBe('Heat map from 20% of the width')
  expect(shown.get('img.layer').attributes('style')).toContain('inset(0 0 0 20%)')
})

it('says so where the browser cannot show the picture, and keeps the heat map', async () => {
  const shown = stage()
  await shown.get('img.under').trigger('error')
  expect(shown.find('img.under').exists()).toBe(false)
  expect(shown.find('img.layer').exists()).toBe(true)
  expect(shown.text()).toContain('This browser cannot display this picture.')
})

it('reads out what lies where the keys lead, and never what the pointer passes', async () => {
  const describe = ({ x, y }: { x: number; y: number }) => `${x.toFixed(2)} ${y.toFixed(2)}`
  const cursor = mount(HeatCursor, { props: { describe }, global })
  const surface = cursor.get('[role=application]')
  const spoken = cursor.get('[aria-live]')
  await surface.trigger('focus')
  expect(spoken.text()).toBe('0.50 0.50')
  await surface.trigger('keydown', { key: 'ArrowRight' })
  await surface.trigger('keydown', { key: 'PageDown' })
  expect(spoken.text()).toBe('0.52 0.60')
  expect(cursor.get('.cross').text()).toBe('0.52 0.60')
  await surface.trigger('pointermove')
  expect(spoken.text()).toBe('')
  await surface.trigger('pointerleave')
  expect(cursor.find('.cross').exists()).toBe(false)
})

it('says in words what both ends of the colours mean', () => {
  const legend = mount(HeatLegend, { props: { stops: ['#000', '#fff'], towards: 'Real' }, global })
  expect(legend.text()).toContain('None')
  expect(legend.text()).toContain('Evidence for Real')
})
