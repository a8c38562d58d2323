import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { APIRequestContext, Page } from '@playwright/test'
import { drop, gradient, NO_PICTURE } from './picture'
import { expect, test } from './test'

interface Results {
  job: { id: string; file: string; state: string; total: number }
  results: { file: string; verdicts: unknown[] }[]
}

/** The page of a job, once it is reached. */
async function jobOf(page: Page, request: APIRequestContext): Promise<Results> {
  await expect(page).toHaveURL(/\/batch\/[0-9a-f]{32}$/)
  await expect(page.getByRole('region', { name: 'State of the job' })).toContainText('Finished')
  const id = page.url().split('/').at(-1) ?? ''
  return (await (await request.get(`/api/jobs/${id}/results?limit=1000`)).json()) as Results
}

/** A folder on disk, with pictures that all differ. */
function folder(name: string, pictures: number): string {
  const path = join(mkdtempSync(join(tmpdir(), 'folder-')), name)
  mkdirSync(join(path, 'day 1'), { recursive: true })
  for (let index = 0; index < pictures; index += 1) {
    writeFileSync(join(path, 'day 1', `${String(index)}.png`), gradient(64 + index))
  }
  return path
}

let folders: string[] = []
let jobs: string[] = []

test.afterEach(async ({ request }) => {
  for (const path of folders) rmSync(join(path, '..'), { recursive: true })
  for (const id of jobs) await request.delete(`/api/jobs/${id}`)
  folders = []
  jobs = []
})

test('several dropped pictures become a job, and each is judged once', async ({ page, request }) => {
  await page.goto('/')
  const pictures = [64, 65, 66].map((side) => ({
    name: `${String(side)}.png`,
    mimeType: 'image/png',
    buffer: gradient(side),
  }))
  await drop(page, ...pictures)
  const { job, results } = await jobOf(page, request)
  jobs.push(job.id)
  expect(job.file).toBe('Pictures.zip')
  expect(results.map(({ file }) => file)).toEqual(pictures.map(({ name }) => name))
  expect(results.every(({ verdicts }) => verdicts.length === 1)).toBe(true)
})

test('of a chosen folder, what is no picture is named before anything is sent', async ({ page, request }) => {
  const path = folder('holiday', 2)
  folders.push(path)
  writeFileSync(join(path, 'diary.txt'), 'Dear diary')
  writeFileSync(join(path, '.DS_Store'), 'system')
  await page.goto('/')
  const chooser = page.waitForEvent('filechooser')
  await page.getByRole('button', { name: 'Choose a folder' }).click()
  await (await chooser).setFiles(path)
  await expect(page.getByRole('heading', { name: '2 pictures' })).toBeVisible()
  await expect(page.getByText('1 file is left out: it is not a picture.')).toBeVisible()
  await expect(page.getByText('holiday/diary.txt')).toBeVisible()
  await page.getByRole('button', { name: 'Check 2 pictures' }).click()
  const { job, results } = await jobOf(page, request)
  jobs.push(job.id)
  expect(job.file).toBe('holiday.zip')
  expect(results.map(({ file }) => file)).toEqual(['holiday/day 1/0.png', 'holiday/day 1/1.png'])
})

test('pictures that do not fit one archive are shared out to several jobs', async ({ page, request }) => {
  await page.route('**/api/config', async (route) => {
    const response = await route.fetch()
    const config = (await response.json()) as object
    await route.fulfill({ response, json: { ...config, max_archive_files: 2 } })
  })
  await page.goto('/')
  const before = await jobIds(request)
  const pictures = [70, 71, 72].map((side) => ({
    name: `${String(side)}.png`,
    mimeType: 'image/png',
    buffer: gradient(side),
  }))
  await drop(page, ...pictures, { ...NO_PICTURE, name: 'words.txt', mimeType: 'text/plain' })
  await expect(page.getByText('The service takes them as 2 jobs')).toBeVisible()
  await page.getByRole('button', { name: 'Check 3 pictures' }).click()
  await expect(page).toHaveURL(/\/batch$/)
  jobs = (await jobIds(request)).filter((id) => !before.includes(id))
  expect(jobs.length).toBe(2)
  await expect(page.getByRole('article', { name: 'Pictures 1 of 2.zip' }).first()).toContainText('Finished')
  await expect(page.getByRole('article', { name: 'Pictures 2 of 2.zip' }).first()).toContainText('Finished')
})

test('on Batch, dropped pictures are packed and judged by the chosen models', async ({ page, request, models }) => {
  const names = ['80.png', '81.png']
  await page.goto('/batch')
  await expect(page.getByRole('button', { name: 'Start the job' })).toBeDisabled()
  await drop(
    page,
    ...names.map((name, index) => ({ name, mimeType: 'image/png', buffer: gradient(80 + index) })),
    { ...NO_PICTURE, name: 'words.txt', mimeType: 'text/plain' },
  )
  await expect(page.getByRole('heading', { name: '2 pictures' })).toBeVisible()
  await expect(page.getByText('1 file is left out: it is not a picture.')).toBeVisible()
  await page.getByRole('radio', { name: 'All' }).check({ force: true })
  await page.getByRole('button', { name: 'Start the job' }).click()
  const { job, results } = await jobOf(page, request)
  jobs.push(job.id)
  expect(results.map(({ file }) => file)).toEqual(names)
  expect(results.every(({ verdicts }) => verdicts.length === models.names.length)).toBe(true)
})

test('on Batch, a folder is chosen, dropped for other files, and chosen again', async ({ page, request }) => {
  const path = folder('album', 2)
  folders.push(path)
  await page.goto('/batch')
  for (const again of [true, false]) {
    const chooser = page.waitForEvent('filechooser')
    await page.getByRole('button', { name: 'Choose a folder' }).click()
    await (await chooser).setFiles(path)
    await expect(page.getByRole('heading', { name: '2 pictures' })).toBeVisible()
    if (again) await page.getByRole('button', { name: 'Choose other files' }).click()
  }
  await page.getByRole('button', { name: 'Start the job' }).click()
  const { job, results } = await jobOf(page, request)
  jobs.push(job.id)
  expect(job.file).toBe('album.zip')
  expect(results.map(({ file }) => file).sort()).toEqual(['album/day 1/0.png', 'album/day 1/1.png'])
})

async function jobIds(request: APIRequestContext): Promise<string[]> {
  const { jobs: list } = (await (await request.get('/api/jobs?limit=1000')).json()) as { jobs: { id: string }[] }
  return list.map(({ id }) => id)
}
