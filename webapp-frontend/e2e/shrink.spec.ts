import type { Page } from '@playwright/test'
import { drop, gradient } from './picture'
import { expect, test } from './test'

const large = { name: 'large.png', mimeType: 'image/png', buffer: gradient(400) }

/** Has the service claim other limits than it has. */
async function limit(page: Page, limits: object) {
  await page.route('**/api/config', async (route) => {
    const response = await route.fetch()
    const config = (await response.json()) as object
    await route.fulfill({ response, json: { ...config, ...limits } })
  })
}

function facts(page: Page) {
  return page.getByRole('figure').first()
}

test('a file with too many bytes is shrunk in the browser and judged, and the verdict says so', async ({ page }) => {
  const most = 20_000
  await limit(page, { max_upload_bytes: most })
  await page.goto('/')
  await expect(page.getByText(/up to 20(\.0)? kB/)).toBeVisible()
  expect(large.buffer.length).toBeGreaterThan(most)
  await drop(page, large)
  await expect(page.getByRole('alert')).toContainText('This file is too large')
  await expect(page.getByText('Shrinking can hide traces of manipulation')).toBeVisible()
  const sent = page.waitForRequest(/\/api\/predict/)
  await page.getByRole('button', { name: 'Shrink and check' }).click()
  expect((await sent).method()).toBe('POST')
  await expect(facts(page)).toContainText('large-shrunk.jpg')
  await expect(facts(page)).toContainText('A shrunk copy of large.png')
  await expect(facts(page)).toContainText(/JPEG · \d+ × \d+ pixels · (1?\d(\.\d)?|20(\.0)?) kB/)
  await expect(page.getByRole('alert')).toHaveCount(0)
})

test('a picture with too many pixels for the service is shrunk to what it takes', async ({ page }) => {
  await limit(page, { max_pixels: 150 * 150 })
  const json = { success: false, error: 'too_many_pixels', message: 'The picture has 400 x 400 pixels.' }
  await page.route('**/api/predict?*', (route) => route.fulfill({ status: 413, json }), { times: 1 })
  await page.goto('/')
  await drop(page, large)
  await expect(page.getByRole('alert')).toContainText(json.message)
  await page.getByRole('button', { name: 'Shrink and check' }).click()
  await expect(facts(page)).toContainText('JPEG · 150 × 150 pixels')
})

test('a format that the browser cannot read is not shrunk, and the page says what to do', async ({ page }) => {
  await limit(page, { max_upload_bytes: 10 })
  await page.goto('/')
  await drop(page, { name: 'scan.tif', mimeType: 'image/tiff', buffer: Buffer.from('II*\0 no real picture') })
  await page.getByRole('button', { name: 'Shrink and check' }).click()
  await expect(page.getByRole('alert')).toContainText(['This file is too large', 'could not be shrunk'])
})
