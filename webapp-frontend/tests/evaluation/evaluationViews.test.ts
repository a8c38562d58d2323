import { mount } from '@vue/test-utils'
import { expect, it } from 'vitest'
import type { Component } from 'vue'
import CalibrationSection from '@/features/evaluation/CalibrationSection.vue'
import DataWarnings from '@/features/evaluation/DataWarnings.vue'
import DeliverySection from '@/features/evaluation/DeliverySection.vue'
import EvaluationDetails from '@/features/evaluation/EvaluationDetails.vue'
import GeneratorTable from '@/features/evaluation/GeneratorTable.vue'
import MetricsSection from '@/features/evaluation/MetricsSection.vue'
import RankingCurves from '@/features/evaluation/RankingCurves.vue'
import ReliabilityDiagram from '@/features/evaluation/ReliabilityDiagram.vue'
import ThresholdCurves from '@/features/evaluation/ThresholdCurves.vue'
import { i18n } from '@/i18n/i18n'
import LineChart from '@/ui/charts/LineChart.vue'
import { createDesign } from '@/ui/theme'
import { calibration, curves, estimate, measured, row } from '../samples'

const accuracy = estimate(0.88)
const whole = row({ metrics: { accuracy, auc: estimate(0.9, 0.02), fake_accuracy: accuracy } })
const gan = row({ ...whole, generator: 'StyleGAN', n_fake: 40 })
const jpeg = row({ delivery: 'jpeg-q40', metrics: { accuracy: estimate(0.87), auc: estimate(0.7, 0.02) } })
const ganJpeg = row({ ...jpeg, generator: 'StyleGAN', metrics: { auc: estimate(0.6, 0.02) } })
const rows = [whole, gan, jpeg, ganJpeg]

function show(component: Component, props: Record<string, unknown>) {
  // There is no canvas here to draw on.
  const global = { plugins: [i18n, createDesign()], stubs: { LineChart: true } }
  return mount(component, { props, global })
}

it('says loudly what is wrong with the data, and that nobody looked, with the command', () => {
  const found = show(DataWarnings, { warnings: ['12 copies of training pictures'] })
  expect(found.get('[role=note]').text()).toContain('12 copies of training pictures')
  expect(found.find('.text-error').exists()).toBe(true)
  const unknown = show(DataWarnings, { warnings: null })
  expect(unknown.get('code').text()).toBe('.venv/bin/detection-model inspect-data FOLDER')
  expect(unknown.find('.text-error').exists()).toBe(false)
  expect(show(DataWarnings, { warnings: [] }).text()).toBe('The test data was inspected: no leak was found.')
})

it('shows all metrics in groups, of the row that is chosen', async () => {
  const { evaluation } = measured(rows)
  const section = show(MetricsSection, { evaluation: { ...evaluation, threshold: 0.4, command: 'evaluate v1' } })
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

it('sets the fakes of each generator beside all of them', () => {
  const [, all, one] = show(GeneratorTable, { rows: [whole, gan] }).findAll('tr')
  expect(all?.text()).toMatch(/^faces · all fakes\s*100 fake, 100 real\s*0.900/)
  expect(one?.text()).toMatch(/^faces · StyleGAN\s*40 fake, 100 real\s*0.900/)
})

it('shows what a delivery changes, and where the intervals settle it', async () => {
  const section = show(DeliverySection, { rows, originals: [whole, gan] })
  const cells = () => section.findAll('tbody tr').map((line) => line.findAll('td, th').map((cell) => cell.text()))
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
  await section.get('select').setValue('1')
  expect(cells()[1]?.[1]).toContain('0.600')
})

it('tells the calibrator, and each split before and after it', () => {
  const calibrator = { kind: 'temperature', temperature: 3.14, bias: 0 }
  const props = { calibration, calibrator, curve: null, row: whole }
  const section = show(CalibrationSection, props)
  expect(section.text()).toContain('temperature scaling: temperature 3.140')
  const [first, second] = section.findAll('tbody tr')
  expect(first?.text()).toContain('calibrated on this data: optimistic')
  expect(second?.text()).not.toContain('fitted')
  expect(second?.get('td').text()).toBe('0.2100 → 0.0800')
  const unknown = show(CalibrationSection, { ...props, calibration: null })
  expect(unknown.text()).toContain('does not record the effect of calibration')
})

it('reads curves out in words, place by place, and gives them as a table', async () => {
  const [roc, pr] = show(RankingCurves, { curves, row: row({ n_fake: 300 }) }).findAllComponents(LineChart)
  expect(roc?.props('describe')(0.05)).toBe('At a false positive rate of 5%, True positive rate (fakes detected) 60.0%')
  expect(pr?.props('describe')(0.9)).toBe('At a recall of 90%, Precision 75.0%')
  expect(pr?.props('lines')[0]?.points).toEqual([{ x: 0, y: 0.75 }, { x: 1, y: 0.75 }])

  const diagram = show(ReliabilityDiagram, { curve: curves.reliability, row: whole })
  expect(diagram.text()).toContain('200 faces: 100 real, 100 fake. Each point averages about 100 faces')
  expect(diagram.findAll('tbody tr').map((line) => line.text())).toEqual(['10.0%25.0%', '90.0%70.0%'])
  expect(diagram.get('strong').text()).toBe('70.0%')
  await diagram.findComponent(LineChart).vm.$emit('update:cursor', 0.1)
  expect(diagram.get('strong').text()).toBe('25.0%')
})

it('marks the threshold in force, starts there and goes with it', async () => {
  const figure = show(ThresholdCurves, { curves, row: whole, inForce: 0.1 })
  const chart = figure.findComponent(LineChart)
  expect(chart.props('lines')[0]?.points).toEqual([{ x: 0.1, y: 0 }, { x: 0.1, y: 1 }])
  expect(chart.props('cursor')).toBe(0)
  expect(figure.text()).toContain('the current threshold, 10%')
  await figure.setProps({ inForce: 0.95 })
  expect(chart.props('cursor')).toBe(1)
  expect(chart.props('describe')(1)).toBe('At the threshold 100%, Accuracy 100.0%, Accuracy on fakes 0.0%')
})

async function opened(changes: Record<string, unknown>) {
  const of = { ...measured([row({})]), curves, ...changes }
  const details = show(EvaluationDetails, {
    measured: { ...of, evaluation: { ...of.evaluation, threshold: 0.5, command: 'evaluate v1' } },
    row: of.evaluation.rows[0],
    calibrator: { kind: 'none' },
    inForce: 0.5,
  })
  for (const button of details.findAll('button[aria-expanded]')) await button.trigger('click')
  const titles = details.findAll('button[aria-expanded]').map((button) => button.text())
  return { text: details.text(), titles, charts: details.findAllComponents(LineChart).length }
}

it('opens no part for rows that are not there', async () => {
  const plain = await opened({})
  expect(plain.titles).toHaveLength(4)
  expect(plain.charts).toBe(4)
  const rich = await opened({ ...measured(rows) })
  expect(rich.titles.slice(4)).toEqual([
    'Data sets and generators 1 other test set.',
    'Robustness Accuracy after 1 perturbation.',
  ])
})

it('says why there are no curves', async () => {
  const missing = await opened({ curves: null })
  expect(missing.text).toContain('This evaluation has no curves.')
  expect(missing.charts).toBe(0)
  const oneClass = await opened({ ...measured([row({ n_real: 0 })]) })
  expect(oneClass.text).toContain('Only one class was evaluated.')
  expect(oneClass.charts).toBe(1)
})
