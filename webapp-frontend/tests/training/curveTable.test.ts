import { mount } from '@vue/test-utils'
import { expect, it } from 'vitest'
import { computed, defineComponent, h, nextTick, ref } from 'vue'
import type { RunDetail } from '@/api/types'
import CurveTable from '@/features/training/CurveTable.vue'
import { useCurves } from '@/features/training/useCurves'
import { i18n } from '@/i18n/i18n'
import { run } from '../samples'

const steps = [0, 1, 2]
const values = [0.5, 0.93, 0.9222]
const last = [{ part: 'validation', tag: 'epoch_accuracy', step: 2, value: 0.9222, points: 3 }]
const detail: RunDetail = {
  success: true,
  run: run('model_logs_v1', { last }),
  series: [{ part: 'validation', tag: 'epoch_accuracy', steps, times: [1, 2, 3], values }],
}

function table() {
  let curves: ReturnType<typeof useCurves> | undefined
  const Parent = defineComponent({
    setup() {
      const it = useCurves(ref([detail]), computed(() => new Map([['model_logs_v1', 3]])))
      curves = it
      return () =>
        h(CurveTable, {
          metric: 'Accuracy',
          place: it.placeName(it.here.value),
          placeName: it.placeName,
          rows: it.rows.value,
        })
    },
  })
  const wrapper = mount(Parent, { global: { plugins: [i18n] } })
  if (!curves) throw new Error('not set up')
  return { wrapper, curves }
}

it('tells the last and the best value, and how many there are', () => {
  const cells = table().wrapper.findAll('td').map((cell) => cell.text())
  expect(cells).toEqual(['0.9222', '0.9222', expect.stringMatching(/0\.9300.*Epoch 2/s), '3'])
})

it('tells the values where the cursor is, in cells and in words', async () => {
  const { wrapper, curves } = table()
  curves.cursor.value = 1
  await nextTick()
  expect(wrapper.findAll('th')[1]?.text()).toBe('Epoch 1')
  expect(wrapper.get('td').text()).toBe('0.5000')
  expect(curves.describe(1)).toBe('Epoch 1, model_logs_v1 validation 0.5000')
})
