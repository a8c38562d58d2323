import { gzipSync } from 'node:zlib'
import type { Page } from '@playwright/test'
import { expect, test } from './test'

const LIMIT = 250_000

interface Loaded {
  path: string
  bytes: number
}

/** The documents, scripts and styles that an empty browser fetches for a page, as gzip sends them. */
async function firstLoad(page: Page, path: string): Promise<Loaded[]> {
  const loaded: Promise<Loaded>[] = []
  page.on('response', (response) => {
    if (!['document', 'script', 'stylesheet'].includes(response.request().resourceType())) return
    const bytes = response.body().then((body) => gzipSync(body).length)
    loaded.push(bytes.then((size) => ({ path: new URL(response.url()).pathname, bytes: size })))
  })
  await page.goto(path, { waitUntil: 'networkidle' })
  return Promise.all(loaded)
}

test.describe('the first load in a language that comes as a file of its own', () => {
  test.use({ locale: 'tr-TR' })

  test('is below 250 kB compressed, and has no charts and no forensic views yet', async ({ page }) => {
    const loaded = await firstLoad(page, '/')
    await expect(page.getByRole('heading', { level: 1, name: 'Bu portre gerçek mi?' })).toBeVisible()
    const total = loaded.reduce((sum, { bytes }) => sum + bytes, 0)
    test.info().annotations.push({ type: 'compressed bytes', description: String(total) })
    expect(loaded.map(({ path }) => path).join()).not.toMatch(/ExamineSection|library|chart/i)
    expect(total, JSON.stringify(loaded)).toBeLessThan(LIMIT)
  })
})
