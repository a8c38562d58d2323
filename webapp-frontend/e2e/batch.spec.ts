import { readFileSync } from 'node:fs'
import type { Page } from '@playwright/test'
import { archive, finishedJob, forgetJobs, startJob } from './jobs'
import { drop, NO_PICTURE, picture } from './picture'
import { expect, test } from './test'

const START = 'Start the job'
const VERDICT = /^\s*(Likely fake|Likely real|Uncertain|Out of distribution)\s*$/

function row(page: Page, name: string) {
  return page.getByRole('article', { name, exact: true })
}

test.afterEach(async ({ request }) => {
  await forgetJobs(request)
})

test('an archive is sent, judged, read as a table and as CSV, and forgotten', async ({ page, models }) => {
  const sent = archive('walk', 1)
  await page.goto('/')
  await page.getByRole('link', { name: 'Batch', exact: true }).click()
  await expect(page.getByRole('heading', { name: 'Batch', level: 1 })).toBeFocused()
  await expect(page.getByRole('button', { name: START })).toBeDisabled()
  await drop(page, sent)
  await expect(page.getByRole('button', { name: sent.name })).toBeVisible()
  await page.getByRole('radio', { name: 'All' }).check({ force: true })
  await page.getByRole('button', { name: START }).click()

  await expect(page.getByRole('heading', { name: sent.name, level: 1 })).toBeVisible()
  await expect(page).toHaveURL(/\/batch\/[0-9a-f]{32}$/)
  const state = page.getByRole('region', { name: 'State of the job' })
  await expect(state.getByText('Finished')).toBeVisible()
  await expect(state).toContainText('2 files, 1 without a verdict')
  await expect(page.getByRole('status').or(page.locator('[aria-live]'))).toContainText([
    'Finished: 2 files, 1 without a verdict',
  ])

  const summary = page.getByRole('region', { name: 'Summary' })
  for (const model of models.names) {
    await expect(summary.getByRole('article', { name: model })).toContainText(/1\s*(Likely fake|Likely real|Uncertain|Out of distribution)/)
  }
  await expect(summary).toContainText('1 file without a verdict')
  const good = page.getByRole('row', { name: /^faces\/0\.png/ })
  await expect(good.getByText(VERDICT)).toHaveCount(models.names.length)
  await expect(good.getByText(/^([<>]?\d+\.\d%|Not scored)$/)).toHaveCount(models.names.length)
  await expect(page.getByRole('row', { name: /^broken\.jpg/ })).toContainText('No verdict.')
  await page.getByRole('radio', { name: 'No verdict' }).check({ force: true })
  await expect(good).toHaveCount(0)
  await expect(page.getByRole('row', { name: /^broken\.jpg/ })).toBeVisible()

  const download = page.waitForEvent('download')
  await page.getByRole('link', { name: 'CSV' }).click()
  const saved = await download
  expect(saved.suggestedFilename()).toMatch(/^verdicts-[0-9a-f]{8}\.csv$/)
  const [header, ...lines] = readFileSync(await saved.path(), 'utf8').trim().split('\n')
  expect(header).toMatch(/^file,model,verdict,/)
  expect(lines.map((line) => line.split(',').slice(0, 2).join())).toEqual([
    ...models.names.map((model) => `faces/0.png,${model}`),
    'broken.jpg,',
  ])

  await page.getByRole('link', { name: 'All jobs' }).click()
  await expect(row(page, sent.name)).toContainText('Finished')
  await row(page, sent.name).getByRole('button', { name: `Delete the job ${sent.name}` }).click()
  await expect(page.getByRole('dialog')).toContainText('Delete this job?')
  await page.getByRole('button', { name: 'Delete', exact: true }).click()
  await expect(row(page, sent.name)).toHaveCount(0)
})

test('a job is followed while it runs, and cancelled', async ({ page, request }) => {
  const job = await startJob(request, archive('long', 3000))
  await page.goto(`/batch/${job.id}`)
  const state = page.getByRole('region', { name: 'State of the job' })
  const bar = state.getByRole('progressbar', { name: job.file })
  await expect(bar).toHaveAttribute('aria-valuetext', /^[1-9][\d,]* of 3,001 files/)
  await expect(page.locator('[aria-live]')).toHaveText(/^Running: (0|25|50|75)%$/)
  await expect(page.getByRole('region', { name: 'Summary' })).toBeVisible()

  // The page may be left: the job goes on.
  await page.getByRole('link', { name: 'All jobs' }).click()
  await expect(row(page, job.file)).toContainText('Running')
  const seen = await row(page, job.file).getByRole('progressbar').getAttribute('aria-valuetext')
  await expect(row(page, job.file).getByRole('progressbar')).not.toHaveAttribute(
    'aria-valuetext',
    seen ?? '',
  )
  await row(page, job.file).getByRole('button', { name: `Cancel the job ${job.file}` }).click()
  await expect(row(page, job.file)).toContainText('Cancelled')
  await row(page, job.file).getByRole('link', { name: job.file }).click()
  await expect(page.getByText('Results up to that point are kept.')).toBeVisible()
  await expect(page.getByRole('row').nth(1)).toContainText(/Likely|Uncertain|Out of distribution/)
  await page.getByRole('button', { name: 'Delete', exact: true }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await expect(page).toHaveURL(/\/batch$/)
})

test('cancelling a job that has just ended keeps it', async ({ page, request }) => {
  const job = await finishedJob(request)
  const asItWas = { success: true, job: { ...job, state: 'running', done: 1 } }
  await page.route(`**/api/jobs/${job.id}`, (route) => route.fulfill({ json: asItWas }))
  await page.route(`**/api/jobs/${job.id}/events`, (route) => route.abort())
  await page.goto(`/batch/${job.id}`)
  const cancel = page.getByRole('button', { name: 'Cancel', exact: true })
  // The page must not hear of the end before: it would take the button away.
  const answered = page.waitForResponse((response) => response.url().endsWith('/cancel'))
  await cancel.click()
  await answered
  await page.unrouteAll()
  await expect(page.getByRole('region', { name: 'State of the job' })).toContainText('Finished')
  expect((await request.get(`/api/jobs/${job.id}`)).status()).toBe(200)
})

test('what is no archive gets a hint, and the refusals of the service are shown', async ({ page }) => {
  await page.goto('/batch')
  await expect(page.getByRole('button', { name: START })).toBeVisible()
  await drop(page, picture(), NO_PICTURE)
  await expect(page.getByRole('alert')).toContainText('Pack the files into one ZIP archive')
  await expect(page.getByRole('alert')).toContainText('Up to 200 MB and 10,000 files')
  await drop(page, picture())
  await expect(page.getByRole('alert')).toContainText('This is a single picture')

  const whole = archive('cut', 1)
  const faulty = [
    { ...NO_PICTURE, name: 'words.zip', mimeType: 'application/zip' },
    { ...whole, buffer: whole.buffer.subarray(0, -30) },
  ]
  for (const file of faulty) {
    await page.setInputFiles('input[type=file]', file)
    await expect(page.getByRole('alert')).toHaveCount(0)
    const refused = page.waitForResponse((response) => response.request().method() === 'POST')
    await page.getByRole('button', { name: START }).click()
    const { message } = (await (await refused).json()) as { message: string }
    await expect(page.getByRole('alert')).toContainText(message)
  }

  const json = { success: false, error: 'busy', message: 'Too many jobs wait. Try again later.' }
  const headers = { 'Retry-After': '30' }
  await page.route('**/api/jobs', (route) => route.fulfill({ status: 503, json, headers }))
  await page.setInputFiles('input[type=file]', whole)
  await page.getByRole('button', { name: START }).click()
  await expect(page.getByRole('alert').first()).toContainText(json.message)
  await expect(page.getByRole('alert').first()).toContainText('Try again in 30 seconds.')
  await page.unroute('**/api/jobs')
  await page.getByRole('button', { name: 'Try again' }).first().click()
  await expect(page).toHaveURL(/\/batch\/[0-9a-f]{32}$/)
})

test('an upload shows how far it is, and can be cancelled', async ({ page }) => {
  await page.goto('/batch')
  await page.setInputFiles('input[type=file]', archive('slow', 1))
  // It arrives, but the answer waits.
  await page.route('**/api/jobs', (route) =>
    route.request().method() === 'POST' ? undefined : route.continue(),
  )
  await page.getByRole('button', { name: START }).click()
  await expect(page.getByRole('progressbar', { name: /slow/ })).toBeVisible()
  await page.getByRole('button', { name: 'Cancel the upload' }).click()
  await expect(page.getByRole('progressbar', { name: /slow/ })).toHaveCount(0)
  await expect(page.getByRole('button', { name: START })).toBeEnabled()
  await expect(page.getByRole('alert')).toHaveCount(0)
})

test('the keyboard alone chooses the models', async ({ page }) => {
  await page.goto('/batch')
  await page.getByRole('radio', { name: /^Active/ }).focus()
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('ArrowRight')
  await expect(page.getByRole('radio', { name: 'Selected' })).toBeChecked()
  await page.setInputFiles('input[type=file]', archive('keys', 1))
  await expect(page.getByRole('button', { name: START })).toBeDisabled()
  await page.keyboard.press('Tab')
  await page.keyboard.press('Space')
  await page.getByRole('checkbox', { name: 'v2' }).check()
  await page.getByRole('checkbox', { name: 'Check robustness to small changes' }).press('Space')
  await page.getByRole('button', { name: START }).press('Enter')
  await expect(page.getByText('Models: v1, v2. Robustness to small changes was checked.')).toBeVisible()
})

test('without jobs it says so, and a store that is down is asked again', async ({ page }) => {
  const none = { success: true, total: 0, limit: 10, offset: 0, jobs: [] }
  await page.route('**/api/jobs?*', (route) => route.fulfill({ json: none }))
  await page.goto('/batch')
  await expect(page.getByRole('heading', { name: 'No jobs yet' })).toBeVisible()
  await page.unroute('**/api/jobs?*')
  const json = { success: false, error: 'store_unavailable', message: 'Jobs cannot be reached now.' }
  await page.route('**/api/jobs?*', (route) => route.fulfill({ status: 503, json }))
  await expect(page.getByRole('alert')).toContainText(json.message)
  await page.unroute('**/api/jobs?*')
  await page.getByRole('button', { name: 'Try again' }).click()
  await expect(page.getByRole('alert')).toHaveCount(0)
})

test('a job that does not exist is told, with a way back', async ({ page }) => {
  for (const id of ['0'.repeat(32), 'nonsense']) {
    await page.goto(`/batch/${id}`)
    await expect(page.getByRole('heading', { name: 'This job does not exist' })).toBeVisible()
  }
  await page.getByRole('link', { name: 'All jobs' }).click()
  await expect(page.getByRole('heading', { name: 'Batch', level: 1 })).toBeVisible()
})
