import type { Page } from '@playwright/test'
import { picture } from './picture'
import { expect, test } from './test'

interface Shift extends PerformanceEntry {
  value: number
  hadRecentInput: boolean
}

/** How far content has moved since `start`, without the reader's doing. */
async function layoutShift(page: Page, start: number): Promise<number> {
  return page.evaluate(
    (from) =>
      new Promise<number>((resolve) => {
        let sum = 0
        new PerformanceObserver((list) => {
          for (const { startTime, value, hadRecentInput } of list.getEntries() as Shift[]) {
            if (startTime >= from && !hadRecentInput) sum += value
          }
        }).observe({ type: 'layout-shift', buffered: true })
        // The buffered entries come in a task of their own.
        setTimeout(() => { resolve(sum) }, 500)
      }),
    start,
  )
}

async function open(page: Page, path: string) {
  await page.goto(path)
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  await page.waitForLoadState('networkidle')
}

for (const viewport of [{ width: 1440, height: 900 }, { width: 390, height: 844 }]) {
  test(`nothing moves when a verdict comes, ${String(viewport.width)} pixels wide`, async ({ page }) => {
    await page.setViewportSize(viewport)
    await open(page, '/')
    let answer: () => void = () => undefined
    const held = new Promise<void>((resolve) => (answer = resolve))
    await page.route('**/api/predict*', async (route) => {
      await held
      await route.continue()
    })
    await page.setInputFiles('input[type=file]', picture())
    await expect(page.getByRole('progressbar', { name: 'Analysing the picture…' })).toBeVisible()
    // What moves within half a second of an input does not count.
    await page.waitForTimeout(1000)
    const start = await page.evaluate(() => performance.now())
    answer()
    await expect(page.getByRole('heading', { name: 'Examine this verdict' })).toBeVisible()
    await page.waitForLoadState('networkidle')
    expect(await layoutShift(page, start)).toBeLessThan(0.02)
  })
}

test('a picture that is checked offline gets its verdict when the connection is back', async ({
  page,
  context,
}) => {
  await open(page, '/')
  await context.setOffline(true)
  await expect(page.getByText('You are offline.')).toBeVisible()
  await page.setInputFiles('input[type=file]', picture())
  await expect(page.getByText('The service cannot be reached')).toBeVisible()
  await context.setOffline(false)
  await expect(page.getByText('The service is back.')).toBeVisible()
  await expect(page.getByRole('button', { name: 'Details' }).first()).toBeVisible()
})

test('a page that was opened while the service was away fills itself when it is back', async ({ page }) => {
  await open(page, '/history')
  await page.route('**/api/**', (route) => route.abort())
  await page.getByRole('link', { name: 'Models', exact: true }).click()
  await expect(page.getByText('The service does not answer.')).toBeVisible()
  await page.unroute('**/api/**')
  await expect(page.getByText('The service is back.')).toBeVisible()
  await expect(page.getByRole('link', { name: 'v1', exact: true }).first()).toBeVisible()
})

test('a page whose code could not be fetched opens when the service is back', async ({ page }) => {
  await open(page, '/')
  const away = /\/(api|assets)\//
  await page.route(away, (route) => route.abort())
  await page.getByRole('link', { name: 'Models', exact: true }).click()
  await expect(page.getByText('The service does not answer.')).toBeVisible()
  await page.unroute(away)
  await expect(page.getByRole('heading', { name: 'Models', level: 1 })).toBeVisible()
})

test('a page whose code could not be fetched does not open once the reader has gone elsewhere', async ({ page }) => {
  await open(page, '/history')
  await page.getByRole('link', { name: 'Detect', exact: true }).click()
  await expect(page.getByRole('heading', { name: 'Is this portrait real?' })).toBeVisible()
  const away = /\/(api|assets)\//
  await page.route(away, (route) => route.abort())
  // The first page asks whether the service is there, and hears last that it is not.
  let answer: () => void = () => undefined
  const held = new Promise<void>((resolve) => (answer = resolve))
  await page.route('**/api/health', (route) => held.then(() => route.abort()), { times: 1 })
  await page.getByRole('link', { name: 'Compare', exact: true }).click()
  await page.getByRole('link', { name: 'Models', exact: true }).click()
  await expect(page.getByText('The service does not answer.')).toBeVisible()
  await page.getByRole('link', { name: 'History', exact: true }).click()
  await expect(page.getByRole('heading', { name: 'History', level: 1 })).toBeVisible()
  answer()
  await page.waitForTimeout(200)
  await page.unroute(away)
  await expect(page.getByText('The service is back.')).toBeVisible()
  // A navigation would begin with the notice.
  await page.waitForTimeout(500)
  await expect(page.getByRole('heading', { name: 'History', level: 1 })).toBeVisible()
})

test('a first page whose code is lost once on the way opens all the same', async ({ page }) => {
  await page.route(/assets\/DetectPage.*\.js/, (route) => route.abort(), { times: 1 })
  await page.goto('/')
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
})

test('the page can be installed', async ({ page, request }) => {
  await page.goto('/')
  const address = await page.locator('link[rel=manifest]').getAttribute('href')
  const answer = await request.get(address ?? '')
  expect(answer.headers()['content-type']).toContain('application/manifest+json')
  const { icons } = (await answer.json()) as { icons: { src: string; type: string }[] }
  for (const { src, type } of icons) {
    expect((await request.get(src)).headers()['content-type']).toContain(type)
  }
})

test('a language is picked from the browser, switched, and remembered', async ({ browser, baseURL }) => {
  const context = await browser.newContext({ baseURL, locale: 'id-ID' })
  const page = await context.newPage()
  await page.goto('/')
  await expect(page).toHaveTitle('Apakah potret ini asli? – Deteksi deepfake')
  await page.getByRole('combobox', { name: 'Bahasa' }).selectOption('Türkçe')
  await expect(page.getByRole('heading', { level: 1, name: 'Bu portre gerçek mi?' })).toBeVisible()
  await page.reload()
  await expect(page.getByRole('heading', { level: 1, name: 'Bu portre gerçek mi?' })).toBeVisible()
  await expect(page.locator('html')).toHaveAttribute('lang', 'tr')
  await context.close()
})
