import type { Page } from '@playwright/test'
import { drop, NO_PICTURE, paste, picture } from './picture'
import { expect, test } from './test'

const MODELS = ['v1', 'v2', 'v3']

async function expectVerdicts(page: Page) {
  for (const name of MODELS) {
    const card = page.getByRole('article', { name, exact: true })
    await expect(card.locator('.verdict')).toHaveText(/Likely fake|Likely real|Uncertain|Out of scope/)
    await expect(card.getByText(/^[<>]?\d+\.\d%$/).first()).toBeVisible()
    await expect(card.getByRole('meter')).toHaveAttribute('aria-valuetext', /called fake from/)
  }
  await expect(page.getByRole('article')).toHaveCount(MODELS.length)
}

test.beforeEach(async ({ page }) => {
  await page.goto('/')
})

test('a chosen file gets a verdict from every model', async ({ page }) => {
  const chooser = page.waitForEvent('filechooser')
  await page.getByRole('button', { name: 'Drop a portrait here' }).click()
  await (await chooser).setFiles(picture())
  await expectVerdicts(page)
  await expect(page.getByText(/of 3 models say (Fake|Real)/).first()).toBeVisible()
  await expect(page.getByText(/Right on \d+ of \d+ \w+ faces|Not measured yet/)).toHaveCount(3)
})

test('a dropped file gets a verdict', async ({ page }) => {
  await drop(page, picture())
  await expectVerdicts(page)
})

test('a pasted file gets a verdict', async ({ page }) => {
  await paste(page, picture())
  await expectVerdicts(page)
})

test('a file dropped on another page is checked too', async ({ page }) => {
  await page.getByRole('link', { name: 'Models', exact: true }).click()
  await expect(page.getByRole('heading', { name: 'Models', level: 1 })).toBeVisible()
  await drop(page, picture())
  await expect(page).toHaveURL('/')
  await expectVerdicts(page)
})

test('what is no picture is refused clearly, and the next one works', async ({ page }) => {
  const refused = page.waitForResponse((response) => response.url().includes('/api/predict'))
  await page.setInputFiles('input[type=file]', NO_PICTURE)
  const { message } = (await (await refused).json()) as { message: string }
  await expect(page.getByRole('alert')).toContainText(message)
  await page.setInputFiles('input[type=file]', picture())
  await expectVerdicts(page)
  await expect(page.getByRole('alert')).toHaveCount(0)
})

test('the details name hashes and times, and the answer can be saved', async ({ page }) => {
  await page.setInputFiles('input[type=file]', picture())
  await expectVerdicts(page)
  await page.getByRole('button', { name: 'Details' }).first().click()
  await expect(page.getByText('Picture SHA-256')).toBeVisible()
  const download = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Download the answer (JSON)' }).click()
  expect((await download).suggestedFilename()).toMatch(/-verdict\.json$/)
})

test('the keyboard alone opens the file chooser', async ({ page }) => {
  const zone = page.getByRole('button', { name: 'Drop a portrait here' })
  await expect(zone).toBeVisible()
  for (let presses = 0; presses < 12; presses++) {
    const before = await page.evaluateHandle(() => document.activeElement)
    await page.keyboard.press('Tab')
    // The browser moves the focus some time after it has taken the key.
    await page.waitForFunction((element) => document.activeElement !== element, before)
    if (await zone.evaluate((element) => element === document.activeElement)) break
  }
  await expect(zone).toBeFocused()
  // Under load a first key press has come to nothing now and then; a person presses again.
  await expect(async () => {
    const chooser = page.waitForEvent('filechooser', { timeout: 3000 })
    await page.keyboard.press('Enter')
    await (await chooser).setFiles(picture())
  }).toPass()
  await expectVerdicts(page)
})

test('an answer from a proxy is told apart from one of the service', async ({ page }) => {
  await page.route('**/api/predict?*', (route) => route.fulfill({ body: '<h1>Log in</h1>' }))
  await page.setInputFiles('input[type=file]', picture())
  await expect(page.getByRole('alert')).toContainText('The answer cannot be read')
  await page.unroute('**/api/predict?*')
  await page.getByRole('button', { name: 'Try again' }).click()
  await expectVerdicts(page)
})
