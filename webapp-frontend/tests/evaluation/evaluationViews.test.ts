import { flushPromises, mount, type VueWrapper } from '@vue/test-utils'
import { expect, it } from 'vitest'
import type { Component } from 'vue'
import type { Calibrator, ModelEvaluation } from '@/api/types'
import CalibrationSection from '@/features/evaluation/CalibrationSection.vue'
import DataWarnings from '@/features/evaluation/DataWarnings.vue'
import EvaluationPanel from '@/features/evaluation/EvaluationPanel.vue'
import MetricsTable from '@/features/evaluation/MetricsTable.vue'
import { useFigures } from '@/features/evaluation/useFigures'
import { i18n } from '@/i18n/i18n'
import CurveFigure from '@/ui/charts/CurveFigure.vue'
import LineChart from '@/ui/charts/LineChart.vue'
import { createDesign } from '@/ui/theme'
import { composed } from '../composed'
import { createTestRouter } from '../router'
import { calibration, curves, estimate, measured, row } from '../samples'

const accuracy = estimate(0.88)
const whole = row({ metrics: { accuracy, auc: estimate(0.9, 0.02), fake_accuracy: accuracy } })
const gan = row({ ...whole, generator: 'StyleGAN', n_fake: 40 })
const jpeg = row({ delivery: 'jpeg-q40', metrics: { accuracy: estimate(0.87), auc: estimate(0.7, 0.02) } })
const ganJpeg = row({ ...jpeg, generator: 'StyleGAN', metrics: { auc: estimate(0.6, 0.02) } })
const rows = [whole, gan, jpeg, ganJpeg]

function show(component: Component, props: Record<string, unknown>) {
  // There is no canvas here to draw on.
  const plugins = [i18n, createDesign(), createTestRouter()]
  return mount(component, { props, global: { plugins, stubs: { LineChart: true } } })
}

const NONE: Calibrator = { kind: 'none' }

function panel(changes: Partial<ModelEvaluation> = {}) {
  const evaluation = { ...measured(rows), curves, ...changes }
  return show(EvaluationPanel, {
    measured: {
      ...evaluation,
      evaluation: { ...evaluation.evaluation, threshold: 0.5, command: 'evaluate v1' },
    },
    calibrator: NONE,
  })
}

function parts(view: VueWrapper) {
  return view.findAll('fieldset label').map((label) => label.text())
}

async function open(view: VueWrapper, title: string) {
  const label = view.findAll('fieldset label').find((candidate) => candidate.text() === title)
  await label?.get('input').setValue(true)
  await flushPromises()
}

it('says loudly what is wrong with the data, and that nobody looked, with the command', () => {
  const found = show(DataWarnings, { warnings: ['12 copies of training pictures'] })
  expect(found.get('[role=note]').text()).toContain('12 copies of training pictures')
  expect(found.find('.text-error').exists()).toBe(true)
  const unknown = show(DataWarnings, { warnings: null })
  expect(unknown.get('code').text()).toBe('.venv/bin/detection-model data inspect FOLDER')
  expect(unknown.find('.text-error').exists()).toBe(false)
  expect(show(DataWarnings, { warnings: [] }).text()).toBe('The test data was inspected: no leak was found.')
})

it('shows all metrics in groups, of the row that is chosen', async () => {
  const { evaluation } = measured(rows)
  const section = show(MetricsTable, { evaluation: { ...evaluation, threshold: 0.4, command: 'evaluate v1' } })
  expect(section.findAll('[scope=rowgroup]').map((group) => group.text())).toEqual([
    'Predictions at the threshold 40%',
    'Ranking, over all thresholds',
  ])
  expect(section.text()).toContain('88.0%83.0% to 93.0%')
  expect(section.findAll('option').map((option) => option.text())).toEqual([
    'faces · test',
    'faces · test · StyleGAN',
    'faces · test · JPEG, quality 40',
    'faces · test · StyleGAN · JPEG, quality 40',
  ])
  await section.get('select').setValue('3')
  expect(section.findAll('[scope=rowgroup]').map((group) => group.text())).toEqual([
    'Ranking, over all thresholds',
  ])
  expect(section.text()).toContain('0.600')
})

it('lists the whole test set before the fakes of each generator', async () => {
  const view = panel()
  await open(view, 'Test sets')
  const [, all, one] = view.findAll('tr')
  expect(all?.text()).toMatch(/^faces · all fakes\s*100 fake, 100 real\s*0.900/)
  expect(one?.text()).toMatch(/^faces · StyleGAN\s*40 fake, 100 real\s*0.900/)
})

it('shows the change by a perturbation, and whether the intervals are apart', async () => {
  const view = panel()
  await open(view, 'Robustness')
  const cells = () =>
    view.findAll('tbody tr').map((line) => line.findAll('td, th').map((cell) => cell.text()))
  expect(cells()).toEqual([
    ['Original', '0.9000.880 to 0.920', '', '88.0%83.0% to 93.0%', ''],
    [
      'JPEG, quality 40',
      '0.7000.680 to 0.720',
      expect.stringMatching(/^-0\.200\s*intervals do not overlap$/),
      '87.0%82.0% to 92.0%',
      '-1.0 points',
    ],
  ])
  await view.get('select').setValue('1')
  expect(cells()[1]?.[1]).toContain('0.600')
})

it('tells the calibrator, and each split before and after it', () => {
  const calibrator = { kind: 'temperature', temperature: 3.14, bias: 0 }
  const props = { calibration, calibrator, diagram: null }
  const section = show(CalibrationSection, props)
  expect(section.text()).toContain('temperature scaling: temperature 3.140')
  const [first, second] = section.findAll('tbody tr')
  expect(first?.text()).toContain('calibrated on this data: optimistic')
  expect(second?.text()).not.toContain('fitted')
  expect(second?.get('td').text()).toBe('0.2100 → 0.0800')
  const unknown = show(CalibrationSection, { ...props, calibration: null })
  expect(unknown.text()).toContain('does not record the effect of calibration')
})

const figures = () => composed(() => useFigures())

it('reads curves out in words, place by place, and gives them as a table', async () => {
  const { precisionRecall, reliability, roc } = figures()
  const rocChart = show(CurveFigure, { ...roc([{ name: 'v1', curve: curves.roc }]) }).findComponent(LineChart)
  expect(rocChart.props('describe')(0.05)).toBe('At a false positive rate of 5%, v1 60.0%')
  const pr = precisionRecall([{ name: 'v1', curve: curves.precision_recall }], row({ n_fake: 300 }))
  const prChart = show(CurveFigure, { ...pr }).findComponent(LineChart)
  expect(prChart.props('describe')(0.9)).toBe('At a recall of 90%, v1 75.0%')
  expect(prChart.props('lines')[0]?.points).toEqual([{ x: 0, y: 0.75 }, { x: 1, y: 0.75 }])

  const diagram = show(CurveFigure, {
    ...reliability([{ name: 'v1', curve: curves.reliability }], whole),
  })
  expect(diagram.text()).toContain('200 faces: 100 real, 100 fake. Each point averages about 100 faces')
  expect(diagram.findAll('tbody tr').map((line) => line.text())).toEqual(['10.0%25.0%', '90.0%70.0%'])
  expect(diagram.get('strong').text()).toBe('70.0%')
  await diagram.findComponent(LineChart).vm.$emit('update:cursor', 0.1)
  expect(diagram.get('strong').text()).toBe('25.0%')
})

it('overlays several models, each with its own look and note', () => {
  const series = [
    { name: 'v1', look: 0, note: 'AUC 0.900', curve: curves.roc },
    { name: 'v5', look: 4, curve: curves.roc },
  ]
  const view = show(CurveFigure, { ...figures().roc(series) })
  const lines = view.findComponent(LineChart).props('lines')
  expect(lines.map(({ id, look }) => [id, look])).toEqual([['guide', null], ['v1', 0], ['v5', 4]])
  expect(view.text()).toContain('(AUC 0.900)')
})

it('marks a threshold, starts there and follows it', async () => {
  const { thresholds } = figures()
  const figure = show(CurveFigure, { ...thresholds(curves, whole, 0.1) })
  const chart = figure.findComponent(LineChart)
  expect(chart.props('lines')[0]?.points).toEqual([{ x: 0.1, y: 0 }, { x: 0.1, y: 1 }])
  expect(chart.props('cursor')).toBe(0)
  expect(figure.text()).toContain('marks 10%')
  await figure.setProps({ ...thresholds(curves, whole, 0.95) })
  expect(chart.props('cursor')).toBe(1)
  expect(chart.props('describe')(1)).toBe('At the threshold 100%, Accuracy 100.0%, Accuracy on fakes 0.0%')
})

it('offers no part for rows that are not there', () => {
  const plain = ['Metrics', 'Curves', 'Calibration']
  expect(parts(panel({ ...measured([whole]) }))).toEqual(plain)
  expect(parts(panel())).toEqual([...plain, 'Test sets', 'Robustness'])
})

it('says why there are no curves', async () => {
  const missing = panel({ curves: null })
  await open(missing, 'Curves')
  expect(missing.text()).toContain('This evaluation has no curves.')
  expect(missing.get('code').text()).toBe('evaluate v1')
  const oneClass = panel({ ...measured([row({ n_real: 0 })]) })
  await open(oneClass, 'Curves')
  expect(oneClass.text()).toContain('Only one class was evaluated.')
  expect(oneClass.findComponent(LineChart).exists()).toBe(false)
})
