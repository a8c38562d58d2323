import { mount } from '@vue/test-utils'
import { expect, it } from 'vitest'
import { defineComponent, h, nextTick, shallowRef } from 'vue'
import type { Comparison } from '@/api/types'
import FaceBoxes from '@/features/detect/FaceBoxes.vue'
import FacesPanel from '@/features/detect/FacesPanel.vue'
import { useFaceChoice } from '@/features/detect/useFaceChoice'
import { provideModels } from '@/features/models/useModels'
import { i18n } from '@/i18n/i18n'
import { createDesign } from '@/ui/theme'
import { composed } from '../composed'
import { comparison, face, prediction } from '../samples'

const faces = [face(0.1), face(0.97, { evidence: 'very_strong', box: { left: 0.6, top: 0, width: 0.2, height: 0.3 } })]
const otherwise = [face(0.6), face(0.3)]
const both = comparison([
  prediction({ model: 'v1' }),
  prediction({ model: 'v4', faces, leading_face: 1, judged: 'face' }),
  prediction({ model: 'v5', faces: otherwise, leading_face: 0, judged: 'face', threshold: 0.55 }),
])
const global = { plugins: [i18n, createDesign()] }

function choose(answer: Comparison, active: string | null = null) {
  return composed(() => useFaceChoice(() => answer, () => active))
}

function facesPanel() {
  const choice = choose(both)
  const page = defineComponent(() => {
    provideModels()
    return () => h(FacesPanel, { choice })
  })
  return mount(page, { global })
}

it('starts with the face that decided the verdict, as the active model sees it if it judges faces', () => {
  const first = choose(both)
  expect([first.judge.value?.model, first.chosen.value]).toEqual(['v4', 1])
  const active = choose(both, 'v5')
  expect([active.judge.value?.model, active.chosen.value]).toEqual(['v5', 0])
  expect(choose(both, 'v1').judge.value?.model).toBe('v4')
  expect(choose(comparison([prediction()])).faces.value).toEqual([])
})

it('starts again with the next answer', async () => {
  const answer = shallowRef(both)
  const choice = composed(() => useFaceChoice(() => answer.value, () => null))
  choice.ask('v5')
  expect(choice.judge.value?.model).toBe('v5')
  choice.chosen.value = 0
  answer.value = { ...both }
  await nextTick()
  expect([choice.judge.value?.model, choice.chosen.value]).toEqual(['v4', 1])
})

it('lists each face with its verdict, and shows the one that is chosen', async () => {
  const panel = facesPanel()
  expect(panel.get('h3').text()).toBe('2 faces')
  const rows = panel.findAll('label .row').map((row) => row.text().replace(/\s+/g, ' '))
  expect(rows).toEqual(['Face 1 Likely real 10.0%', 'Face 2 Likely fake 97.0%'])
  expect(panel.get('h4').text()).toBe('Face 2')
  expect(panel.text()).toContain('Very strong signs of generation')
  await panel.findAll('input[type=radio]')[0]?.setValue(true)
  expect(panel.get('h4').text()).toBe('Face 1')
  expect(panel.text()).toContain('Weak signs of generation do not mean that the picture is authentic.')
})

it('shows the faces by another model, with its threshold', async () => {
  const panel = facesPanel()
  await panel.get('select').setValue('v5')
  expect(panel.findAll('label .row')[0]?.text()).toContain('Likely fake')
  expect(panel.get('[role=meter]').attributes('aria-valuetext')).toContain('the threshold for fake is 55%')
})

it('draws a box a face, with number, icon and word, and chooses by click', async () => {
  const boxes = mount(FaceBoxes, { props: { faces, modelValue: 1 }, global })
  const [first, second] = boxes.findAll('button')
  expect(first?.attributes('aria-label')).toBe('Face 1: Likely real')
  expect(first?.text()).toMatch(/^1\s*Likely real$/)
  expect(first?.find('svg').exists()).toBe(true)
  expect(second?.attributes('aria-pressed')).toBe('true')
  expect(boxes.findAll('li')[1]?.attributes('style')).toContain('left: 60.00%; top: 0.00%; width: 20.00%')
  await first?.trigger('click')
  expect(boxes.emitted('update:modelValue')).toEqual([[0]])
})
