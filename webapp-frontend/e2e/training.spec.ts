import type { APIRequestContext, Page } from '@playwright/test'
import { expect, test } from './test'

interface Run {
  name: string
  last: { part: string; tag: string; value: number; points: number }[]
}

async function runs(request: APIRequestContext): Promise<Run[]> {
  return ((await (await request.get('/api/runs')).json()) as { runs: Run[] }).runs
}

function accuracy(run: Run) {
  const found = run.last.find(({ part, tag }) => part === 'validation' && tag === 'epoch_accuracy')
  if (!found) throw new Error(`${run.name} has no validation accuracy`)
  return { last: found.value.toFixed(4), points: String(found.points) }
}

function chart(page: Page) {
  return page.getByRole('slider', { name: /of the selected runs/ })
}

function row(page: Page, run: string, part = 'validation') {
  return page.getByRole('row').filter({
    has: page.getByRole('rowheader', { name: `${run} ${part}`, exact: true }),
  })
}

/** Its cells: at the cursor, last, best, points. */
function cell(page: Page, run: string, column: number) {
  return row(page, run).getByRole('cell').nth(column)
}

test.beforeEach(async ({ page }) => {
  await page.goto('/training')
  await expect(chart(page)).toBeVisible()
})

test('the run of each published model is shown, with all its points and its last value', async ({
  page,
  request,
}) => {
  const all = await runs(request)
  for (const model of ['v1', 'v2', 'v3']) {
    const newest = all.find(({ name }) => name.startsWith(`${model}/`))
    if (!newest) throw new Error(`no run of ${model}`)
    const { last, points } = accuracy(newest)
    await expect(page.getByRole('checkbox', { name: newest.name })).toBeChecked()
    await expect(cell(page, newest.name, 1)).toHaveText(last)
    await expect(cell(page, newest.name, 3)).toHaveText(points)
  }
})

test("the reference project's event files show all their points", async ({ page, request }) => {
  const known = (await runs(request)).map(({ name }) => name)
  test.skip(!known.includes('model_logs_v1'), 'its logs are not here')
  await page.getByRole('button', { name: 'None', exact: true }).click()
  const expected = [['0.9222', '20'], ['0.9172', '10'], ['0.9275', '20']]
  for (const [index, [last = '', points = '']] of expected.entries()) {
    const run = `model_logs_v${String(index + 1)}`
    await page.getByRole('checkbox', { name: run }).check()
    await expect(cell(page, run, 1)).toHaveText(last)
    await expect(cell(page, run, 3)).toHaveText(points)
  }
})

test('runs are chosen, and the choice survives a reload', async ({ page, request }) => {
  const [first, second] = await runs(request)
  if (!first || !second) throw new Error('two runs are needed')
  await page.getByRole('button', { name: 'None', exact: true }).click()
  await expect(page.getByText('Select a run to see its curves and settings.')).toBeVisible()
  await page.getByRole('checkbox', { name: second.name }).check()
  await expect(row(page, second.name)).toBeVisible()
  await page.reload()
  await expect(row(page, second.name)).toBeVisible()
  await expect(row(page, first.name)).toHaveCount(0)
  await page.getByRole('checkbox', { name: first.name }).check()
  await expect(row(page, first.name)).toBeVisible()
})

test('the settings of the selected runs are compared in their own tab', async ({ page, request }) => {
  const [first, second] = await runs(request)
  if (!first || !second) throw new Error('two runs are needed')
  await page.getByRole('button', { name: 'None', exact: true }).click()
  await page.getByRole('checkbox', { name: first.name }).check()
  await page.getByRole('checkbox', { name: second.name }).check()
  await page.getByRole('tab', { name: 'Settings' }).click()
  const settings = page.getByRole('table', { name: /settings of the selected runs/ })
  await expect(settings.getByRole('columnheader', { name: first.name })).toBeVisible()
  await expect(settings.getByRole('columnheader', { name: second.name })).toBeVisible()
  await expect(settings.getByRole('rowheader', { name: /^Epochs/ })).toBeVisible()
})

test('the keyboard moves the cursor, and the values are text', async ({ page }) => {
  await chart(page).press('Home')
  await expect(page.getByRole('columnheader', { name: 'Epoch 1', exact: true })).toBeVisible()
  await chart(page).press('ArrowRight')
  await expect(page.getByRole('columnheader', { name: 'Epoch 2', exact: true })).toBeVisible()
  await expect(chart(page)).toHaveAttribute('aria-valuenow', '2')
  await expect(chart(page)).toHaveAttribute(
    'aria-valuetext',
    /^Epoch 2, .*v1\/\S+ validation \d\.\d{4}/,
  )
})

test('the pointer moves the cursor', async ({ page }) => {
  // The chart moves while runs and curves arrive.
  await expect(async () => {
    const box = await chart(page).boundingBox()
    if (!box) throw new Error('no chart')
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2)
    await expect(page.getByRole('columnheader', { name: /^Epoch (8|9|10|11|12|13)$/ })).toBeVisible({
      timeout: 3000,
    })
  }).toPass()
})

test('smoothing changes what is drawn, and not what was measured', async ({ page, request }) => {
  const run = (await runs(request)).find(({ name }) => name.startsWith('v1/'))
  if (!run) throw new Error('no run of v1')
  const { last } = accuracy(run)
  await expect(cell(page, run.name, 0)).toHaveText(last)
  await page.getByRole('slider', { name: 'Smoothing' }).press('End')
  await expect(page.getByText('Smoothing 95%')).toBeVisible()
  await expect(cell(page, run.name, 0)).not.toHaveText(last)
  await expect(cell(page, run.name, 1)).toHaveText(last)
})

test('metric, lines and axis are chosen', async ({ page, request }) => {
  const run = (await runs(request)).find(({ name }) => name.startsWith('v2/'))?.name ?? ''
  await page.getByLabel('Metric').selectOption({ label: 'Loss' })
  await expect(page.getByText(/^Loss: last and best values are unsmoothed/)).toBeVisible()
  await expect(row(page, run, 'training')).toBeVisible()
  await page.getByRole('radio', { name: 'Validation' }).check({ force: true })
  await expect(row(page, run, 'training')).toHaveCount(0)
  await page.getByRole('radio', { name: 'Time' }).check({ force: true })
  await expect(page.getByRole('columnheader', { name: /^After \d+/ })).toBeVisible()
  await page.getByLabel('Metric').selectOption({ label: 'Accuracy by training step' })
  await page.getByRole('radio', { name: 'Epochs' }).check({ force: true })
  await expect(page.getByRole('columnheader', { name: /^Step \d+$/ })).toBeVisible()
})

test('a training that goes on is followed by itself', async ({ page, request }) => {
  const { runs: list } = (await (await request.get('/api/runs')).json()) as { runs: Run[] }
  const known = list.find(({ name }) => name.startsWith('v1/'))
  if (!known) throw new Error('no run of v1')
  const detail = (await (
    await request.get(`/api/runs/${encodeURIComponent(known.name)}`)
  ).json()) as Record<string, unknown>
  const going = { ...known, name: 'mine/now', status: 'running', updated: '2026-01-01T00:00:00Z' }
  await page.route('**/api/runs', (route) =>
    route.fulfill({ json: { success: true, runs: [going, ...list] } }),
  )
  await page.route('**/api/runs/mine*', (route) =>
    route.fulfill({ json: { ...detail, run: going } }),
  )
  await expect(page.getByRole('checkbox', { name: 'mine/now' })).toBeChecked()
  await expect(page.getByText(/Running: \d+ of \d+ epochs/)).toBeVisible()
  await expect(row(page, 'mine/now')).toBeVisible()
})

test('without runs it says how to start one, and when they cannot be read it says why', async ({
  page,
}) => {
  await page.route('**/api/runs', (route) => route.fulfill({ json: { success: true, runs: [] } }))
  await page.reload()
  await expect(page.getByText('detection-model train v1 --data data/Dataset')).toBeVisible()
  await page.unroute('**/api/runs')
  await page.route('**/api/runs', (route) => route.abort())
  await page.reload()
  await expect(page.getByRole('alert')).toContainText('The service cannot be reached')
  await page.unroute('**/api/runs')
  await page.getByRole('button', { name: 'Try again' }).click()
  await expect(chart(page)).toBeVisible()
})
