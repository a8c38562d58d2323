import type { Page } from '@playwright/test'
import { drop, NO_PICTURE, paste, picture, tiff, unfold } from './picture'
import { expect, test, type Models } from './test'

async function expectVerdicts(page: Page, { names }: Models) {
  await unfold(page)
  for (const name of names) {
    const card = page.getByRole('article', { name, exact: true })
    await expect(card.locator('.verdict')).toHaveText(/Likely fake|Likely real|Uncertain|Out of distribution/)
    // A picture outside a model's training distribution gets no score.
    if ((await card.locator('.verdict').innerText()).includes('Out of distribution')) continue
    await expect(card.getByText(/^[<>]?\d+\.\d%$/).first()).toBeVisible()
    await expect(card.getByRole('meter')).toHaveAttribute('aria-valuetext', /threshold for fake is/)
  }
  await expect(page.getByRole('article')).toHaveCount(names.length)
}

test.beforeEach(async ({ page }) => {
  await page.goto('/')
  // From here on the page takes what is dropped or pasted.
  await expect(page.getByRole('button', { name: 'Drop a portrait here' })).toBeVisible()
})

test('a chosen file gets a verdict from every model', async ({ page, models }) => {
  const chooser = page.waitForEvent('filechooser')
  await page.getByRole('button', { name: 'Drop a portrait here' }).click()
  await (await chooser).setFiles(picture())
  await expectVerdicts(page, models)
  // v1, v2 and v3 are for teaching and have no vote.
  await expect(page.getByText(/of 2 models says? (Fake|Real)|models are split|No model reached|disagree/).first()).toBeVisible()
  await expect(page.getByText(/Finds \d+ of 100 fakes|Not evaluated yet/)).toHaveCount(models.names.length)
})

test('on a phone, the verdict ends before 1,200 pixels', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 })
  await page.setInputFiles('input[type=file]', picture())
  const others = page.getByRole('heading', { name: 'Other models' })
  await expect(others).toBeVisible()
  const top = await others.evaluate((heading) => heading.getBoundingClientRect().top + window.scrollY)
  expect(top).toBeLessThan(1200)
})

test('the signs that a teaching model sees are not put into words', async ({ page }) => {
  await page.setInputFiles('input[type=file]', picture())
  await unfold(page)
  const card = page.getByRole('article', { name: 'v1', exact: true })
  await expect(card.locator('.verdict')).toBeVisible()
  await expect(card).not.toContainText('signs of generation')
})

test('a dropped file gets a verdict', async ({ page, models }) => {
  await drop(page, picture())
  await expectVerdicts(page, models)
})

test('a picture that the browser cannot display is shown as the service read it', async ({ page }) => {
  await drop(page, { name: 'scan.tif', mimeType: 'image/tiff', buffer: tiff(160) })
  const shown = page.getByRole('img', { name: 'The picture being checked: scan.tif' })
  await expect(shown).toBeVisible()
  await expect.poll(() => shown.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(160)
  await expect(page.getByText('This browser cannot display this picture.')).toHaveCount(0)
})

test('a pasted file gets a verdict', async ({ page, models }) => {
  await paste(page, picture())
  await expectVerdicts(page, models)
})

test('a file dropped on another page is checked too', async ({ page, models }) => {
  await page.getByRole('link', { name: 'Models', exact: true }).click()
  await expect(page.getByRole('heading', { name: 'Models', level: 1 })).toBeVisible()
  await drop(page, picture())
  await expect(page).toHaveURL('/')
  await expectVerdicts(page, models)
})

test('what is no picture is refused clearly, and the next one works', async ({ page, models }) => {
  const refused = page.waitForResponse((response) => response.url().includes('/api/predict'))
  await page.setInputFiles('input[type=file]', NO_PICTURE)
  const { message } = (await (await refused).json()) as { message: string }
  await expect(page.getByRole('alert')).toContainText(message)
  await page.setInputFiles('input[type=file]', picture())
  await expectVerdicts(page, models)
  await expect(page.getByRole('alert')).toHaveCount(0)
})

test('the details name hashes and times, and the answer can be saved', async ({ page, models }) => {
  await page.setInputFiles('input[type=file]', picture())
  await expectVerdicts(page, models)
  await page.getByRole('button', { name: 'Details' }).first().click()
  await expect(page.getByText('Picture SHA-256')).toBeVisible()
  const download = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Download the result (JSON)' }).click()
  expect((await download).suggestedFilename()).toMatch(/-verdict\.json$/)
})

test('the keyboard alone opens the file chooser', async ({ page, models }) => {
  const zone = page.getByRole('button', { name: 'Drop a portrait here' })
  await expect(zone).toBeVisible()
  for (let presses = 0; presses < 20; presses++) {
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
  await expectVerdicts(page, models)
})

test('an answer from a proxy is told apart from one of the service', async ({ page, models }) => {
  await page.route('**/api/predict?*', (route) => route.fulfill({ body: '<h1>Log in</h1>' }))
  await page.setInputFiles('input[type=file]', picture())
  await expect(page.getByRole('alert')).toContainText('The response cannot be read')
  await page.unroute('**/api/predict?*')
  await page.getByRole('button', { name: 'Try again' }).click()
  await expectVerdicts(page, models)
})
