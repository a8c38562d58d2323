import { mount } from '@vue/test-utils'
import { expect, it } from 'vitest'
import type { Component } from 'vue'
import JobProgress from '@/features/batch/JobProgress.vue'
import JobSummary from '@/features/batch/JobSummary.vue'
import LabelledMatrices from '@/features/batch/LabelledMatrices.vue'
import ResultTable from '@/features/batch/ResultTable.vue'
import { useJobText } from '@/i18n/jobs'
import { i18n } from '@/i18n/i18n'
import { createDesign } from '@/ui/theme'
import { composed } from '../composed'
import { job, jobPicture } from '../samples'

function show(component: Component, props: Record<string, unknown>) {
  return mount(component, { props, global: { plugins: [i18n, createDesign()] } })
}

it('says the state in words, with an icon, and how far it is', () => {
  const running = show(JobProgress, { job: job({ done: 3, failed: 1, total: 1200 }) })
  expect(running.text()).toContain('Running')
  expect(running.find('svg').exists()).toBe(true)
  const bar = running.get('[role=progressbar]')
  expect(bar.attributes('aria-valuetext')).toBe('3 of 1,200 files, 1 without a verdict')
  const ended = show(JobProgress, { job: job({ state: 'finished', done: 1, total: 1 }) })
  expect(ended.text()).toMatch(/Finished\s*1 file$/)
  expect(ended.find('[role=progressbar]').exists()).toBe(false)
})

it('reads out the start, each quarter and the end, and nothing between', () => {
  const { announcementOf } = composed(useJobText)
  const states = Array.from({ length: 9 }, (_, done) => job({ done }))
  const all = [job({ state: 'waiting' }), ...states, job({ state: 'finished', done: 8, failed: 2 })]
  expect([...new Set(all.map(announcementOf))]).toEqual([
    'Queued',
    ...['0%', '25%', '50%', '75%', '100%'].map((share) => `Running: ${share}`),
    'Finished: 8 files, 2 without a verdict',
  ])
})

it('sums up what each model said, and the files without a verdict', () => {
  const results = [jobPicture('a', { v1: 'fake' }), jobPicture('b', {}), jobPicture('c', { v1: 'fake' })]
  const text = show(JobSummary, { job: job(), results }).text()
  expect(text).toContain("threshold 50% (from the model card)")
  expect(text).toMatch(/2\s*Likely fake\s*0\s*Likely real\s*0\s*Uncertain/)
  expect(text).not.toContain('Out of distribution')
  expect(text).toContain('1 file without a verdict')
})

it('shows each verdict in words with its number, or why there is none', () => {
  const results = [jobPicture('a.jpg', { v1: 'fake', v2: 'real' }), jobPicture('b.jpg', {})]
  const props = {
    order: '',
    models: ['v1', 'v2'],
    originalOf: () => undefined,
    results: results.map((one, position) => ({ ...one, position })),
  }
  const [, first, second] = show(ResultTable, props).findAll('[role=row]')
  expect(first?.findAll('[role=cell]').map((cell) => cell.text())).toEqual([
    expect.stringMatching(/^Likely fake\s*87\.0%$/),
    expect.stringMatching(/^Likely real\s*87\.0%$/),
  ])
  expect(first?.findAll('[role=cell] svg')).toHaveLength(2)
  expect(second?.get('[role=cell]').text()).toBe('No verdict. The file is damaged.')
  expect(second?.get('[role=cell]').attributes('aria-colspan')).toBe('2')
})

it('sorts by a column: the most fake first, then the most real, then as in the archive', async () => {
  const results = [jobPicture('a', { v1: 'fake' })]
  const table = show(ResultTable, { order: '', models: ['v1'], originalOf: () => undefined, results })
  const [, header] = table.findAll('[role=columnheader]')
  const orders: unknown[] = []
  while (orders.length < 3) {
    await header?.get('button').trigger('click')
    const order = table.emitted('update:order')?.at(-1)?.[0]
    orders.push(order)
    await table.setProps({ order })
  }
  expect(orders).toEqual(['-fake:v1', 'fake:v1', ''])
})

it('names copies and system files in the summary', () => {
  const archive = {
    copies: 1,
    skipped: [
      { name: '__MACOSX', count: 3 },
      { name: 'Thumbs.db', count: 1 },
    ],
    labelled: [],
  }
  const text = show(JobSummary, { job: job({ archive }), results: [] }).text()
  expect(text).toContain('1 exact copy of another file')
  expect(text).toContain('4 system files were not scored: __MACOSX (3), Thumbs.db (1)')
})

it('compares the verdicts of each model with the folders', () => {
  const counts = { wrong: 0, undecided: 0, failed: 0 }
  const labelled = [
    { ...counts, model: 'v1', label: 'Real', right: 6, wrong: 2 },
    { ...counts, model: 'v1', label: 'Fake', right: 3, undecided: 1 },
    { ...counts, model: 'v2', label: 'Real', right: 7, failed: 1 },
    { ...counts, model: 'v2', label: 'Fake', right: 4 },
  ]
  const tables = show(LabelledMatrices, { labelled }).findAll('article')
  const cells = tables.map((table) => table.findAll('td strong').map((cell) => cell.text()))
  // Called real, called fake, undecided and, where a file has none, no verdict.
  expect(cells).toEqual([
    ['6', '2', '0', '0', '3', '1'],
    ['7', '0', '0', '1', '0', '4', '0', '0'],
  ])
  expect(tables.map((table) => table.get('caption').text())).toEqual(['9 of 12 right', '11 of 12 right'])
  expect(tables[0]?.text()).toMatch(/Real \(8\).*Fake \(4\)/s)
})

it('says beside a file which class its folder names and which file it copies', () => {
  const copy = { ...jobPicture('Real/b.jpg', { v1: 'fake' }), label: 'Real' as const, copy_of: 0 }
  const props = { order: '', models: ['v1'], originalOf: () => 'Real/a.jpg', results: [copy] }
  const header = show(ResultTable, props).get('[role=rowheader]')
  expect(header.text()).toContain('Folder: Real')
  expect(header.text()).toContain('Exact copy of Real/a.jpg')
})
