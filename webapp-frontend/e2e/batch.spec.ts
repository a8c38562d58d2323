import { readFileSync } from 'node:fs'
import type { Page } from '@playwright/test'
import { archive, finishedJob, forgetJobs, startJob } from './jobs'
import { drop, gradient, NO_PICTURE } from './picture'
import { expect, test } from './test'
import { zip } from './zip'

interface Result {
  verdicts: { model: string }[]
}

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
  await expect(state.getByText('Finished')).toBeVisible({ timeout: 120_000 })
  await expect(state).toContainText('2 files, 1 without a verdict')
  await expect(page.locator('main [aria-live]')).toContainText([
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
  // The address keeps the filter.
  await expect(page).toHaveURL(/show=none/)
  await page.reload()
  await expect(page.getByRole('radio', { name: 'No verdict' })).toBeChecked()
  await expect(page.getByRole('row', { name: /^broken\.jpg/ })).toBeVisible()
  await expect(good).toHaveCount(0)

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

  const json = page.waitForEvent('download')
  await page.getByRole('button', { name: 'JSON' }).click()
  const { results } = JSON.parse(readFileSync(await (await json).path(), 'utf8')) as { results: { file: string }[] }
  expect(results.map(({ file }) => file)).toEqual(['faces/0.png', 'broken.jpg'])

  await page.getByRole('link', { name: 'All jobs' }).click()
  await expect(row(page, sent.name)).toContainText('Finished')
  await row(page, sent.name).getByRole('button', { name: `Delete the job ${sent.name}` }).click()
  await expect(page.getByRole('dialog')).toContainText('Delete this job?')
  await page.getByRole('button', { name: 'Delete', exact: true }).click()
  await expect(row(page, sent.name)).toHaveCount(0)
})

test('the gallery shows the pictures of the local archive', async ({ page }) => {
  const sent = archive('gallery', 1)
  await page.goto('/batch')
  await page.setInputFiles('input[type=file]', sent)
  await page.getByRole('button', { name: START }).click()
  const tile = page.getByRole('article', { name: 'faces/0.png' })
  await page.getByRole('radio', { name: 'Gallery' }).check({ force: true, timeout: 120_000 })
  await expect(tile.locator('img')).toHaveAttribute('src', /^blob:/)
  await expect(tile.getByText(VERDICT)).toBeVisible()

  // After a reload the page has the address, and no pictures before the archive is chosen again.
  await page.reload()
  await expect(tile.getByText(VERDICT)).toBeVisible()
  await expect(tile.locator('img')).toHaveCount(0)
  await page.getByLabel('Choose the archive').last().setInputFiles(zip('e2e-strange.zip', []))
  await expect(page.getByRole('alert')).toContainText("none of the job's files")
  await page.getByLabel('Choose the archive').last().setInputFiles(sent)
  await expect(tile.locator('img')).toHaveAttribute('src', /^blob:/)
})

test('a job is scored again with its archive, and one of its pictures is examined', async ({ page, request }) => {
  const job = await finishedJob(request)
  const sent = archive('finished', 1)
  await page.goto(`/batch/${job.id}?view=gallery`)
  // The archive is not in this browser yet: "Score again…" asks for it, then opens Batch with it.
  const chooser = page.waitForEvent('filechooser')
  await page.getByRole('button', { name: 'Score again…' }).click()
  await (await chooser).setFiles(sent)
  await expect(page).toHaveURL(/\/batch$/)
  // The list below has a button that deletes the job of this name.
  await expect(page.getByRole('button', { name: /^e2e-finished\.zip/ })).toBeVisible()
  await expect(page.getByRole('button', { name: START })).toBeEnabled()
  await page.goBack()
  await page.getByRole('button', { name: 'Examine 0.png' }).click()
  await expect(page.getByAltText('The picture being checked: 0.png')).toBeVisible()
})

test('of 10,000 results only those in view are in the page, sorted as the reader wants', async ({ page, request }) => {
  const job = await finishedJob(request)
  const total = 10_000
  await page.route(`**/api/jobs/${job.id}`, (route) =>
    route.fulfill({ json: { success: true, job: { ...job, total, done: total } } }),
  )
  const answer = await request.get(`/api/jobs/${job.id}/results`, { timeout: 120_000 })
  const { results: [sample] } = (await answer.json()) as { results: Result[] }
  const [verdict] = sample?.verdicts ?? []
  if (!sample || !verdict) throw new Error('the job has no verdict')
  await page.route(`**/api/jobs/${job.id}/results?*`, (route) => {
    const offset = Number(new URL(route.request().url()).searchParams.get('offset'))
    const results = Array.from({ length: 1000 }, (_, index) => {
      const position = offset + index
      const fake = ((position * 7919) % total) / total
      const probability = { fake, real: 1 - fake }
      const verdicts = [{ ...verdict, verdict: fake < 0.5 ? 'real' : 'fake', probability }]
      return { ...sample, position, file: `${String(position)}.png`, verdicts }
    })
    return route.fulfill({ json: { success: true, job, limit: 1000, offset, results } })
  })
  await page.goto(`/batch/${job.id}`)
  const table = page.getByRole('table', { name: /verdict and probability/ })
  await expect(table).toHaveAttribute('aria-rowcount', '10001', { timeout: 180_000 })
  const rows = table.getByRole('row')
  await expect(rows.nth(1)).toContainText('0.png')
  expect(await rows.count()).toBeLessThan(150)
  const file = page.getByRole('columnheader', { name: 'File' })
  await file.getByRole('button').press('Enter')
  await file.getByRole('button').press('Enter')
  await expect(file).toHaveAttribute('aria-sort', 'descending')
  await expect(rows.nth(1)).toContainText('9999.png')
  await page.getByRole('combobox', { name: 'Sort by' }).selectOption({ label: `${verdict.model}: most fake first` })
  await expect(page).toHaveURL(/sort=-fake/)
  await expect(rows.nth(1)).toContainText('>99.9%')
  // Heights are estimated before rows were in view.
  await expect(async () => {
    await table.getByRole('rowgroup').last().press('End')
    await expect(table.getByRole('row', { name: /^0\.png/ })).toBeVisible({ timeout: 3000 })
  }).toPass()
  expect(await rows.count()).toBeLessThan(150)

  await page.getByLabel('File name').fill('777')
  await expect(page.getByText('19 of 10,000 files')).toBeVisible()
  await page.getByRole('radio', { name: 'Gallery' }).check({ force: true })
  const gallery = page.getByRole('list', { name: 'Verdicts for each file' })
  await expect(gallery.getByRole('article').first()).toContainText(/777/)
  await page.getByLabel('File name').fill('')
  await expect(page.getByText('10,000 of 10,000 files')).toBeVisible()
  expect(await gallery.getByRole('article').count()).toBeLessThan(150)
})

test('a job is followed while it runs, and cancelled', async ({ page, request }) => {
  const job = await startJob(request, archive('long', 3000))
  await page.goto(`/batch/${job.id}`)
  const state = page.getByRole('region', { name: 'State of the job' })
  const bar = state.getByRole('progressbar', { name: job.file })
  await expect(bar).toHaveAttribute('aria-valuetext', /^[1-9][\d,]* of 3,001 files/)
  await expect(page.locator('main [aria-live]')).toHaveText(/^Running: (0|25|50|75)%$/)
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

test('labelled folders are compared with the verdicts; copies and system files are named', async ({ page, request }) => {
  const files = [
    { name: 'Real/a.png', buffer: gradient(64) },
    { name: 'Fake/b.png', buffer: gradient(65) },
    { name: 'Fake/c.png', buffer: gradient(65) },
    { name: 'Fake/Thumbs.db', buffer: NO_PICTURE.buffer },
  ]
  const job = await startJob(request, zip('e2e-labelled.zip', files))
  await page.goto(`/batch/${job.id}`)
  const state = page.getByRole('region', { name: 'State of the job' })
  await expect(state.getByText('Finished')).toBeVisible({ timeout: 120_000 })
  const summary = page.getByRole('region', { name: 'Summary' })
  await expect(summary).toContainText('1 exact copy of another file')
  await expect(summary).toContainText('1 system file was not scored: Thumbs.db (1)')
  const matrix = page.getByRole('region', { name: 'Verdicts against the folder names' }).getByRole('table')
  await expect(matrix).toHaveCount(1)
  await expect(matrix.getByRole('rowheader', { name: 'Real (1)' })).toBeVisible()
  await expect(matrix.getByRole('rowheader', { name: 'Fake (2)' })).toBeVisible()
  const copy = page.getByRole('row', { name: /^Fake\/c\.png/ })
  await expect(copy).toContainText('Folder: Fake')
  await expect(copy).toContainText('Exact copy of Fake/b.png')
  await page.getByRole('radio', { name: 'Wrong' }).check({ force: true })
  await expect(page).toHaveURL(/show=wrong/)
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
  await drop(page, { ...NO_PICTURE, name: 'notes.txt', mimeType: 'text/plain' })
  await expect(page.getByRole('alert')).toContainText('This is neither a picture nor a ZIP archive')
  await expect(page.getByRole('alert')).toContainText('Up to 200 MB and 10,000 files')

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
  // The keyboard can reach the models once the service has named them.
  await expect(page.getByRole('checkbox', { name: 'v2' })).toBeVisible()
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
