import type { Page } from '@playwright/test'
import config from '../playwright.config'
import { countHistoryEntries } from './historyEntries'
import { expect, test } from './test'
import { cameraArguments, DRAWN_FACE, NO_FACE, videoOf } from './video'

const { launchOptions } = config.use ?? {}

test.use({
  permissions: ['camera'],
  launchOptions: {
    ...launchOptions,
    args: [...(launchOptions?.args ?? []), ...cameraArguments(videoOf([DRAWN_FACE, NO_FACE], 8))],
  },
})

const verdict = (page: Page) => page.getByRole('region', { name: 'Verdict on the video' })

async function turnOn(page: Page) {
  await page.goto('/camera')
  await page.getByRole('button', { name: 'Turn on the camera' }).click()
}

/** Whether the camera of the page still runs, as the browser sees it. */
function track(page: Page) {
  return page.evaluateHandle(() => {
    const { srcObject } = document.querySelector('video') ?? {}
    return srcObject instanceof MediaStream ? srcObject.getVideoTracks()[0] : undefined
  })
}

/** The system hides the page, as when another window covers it. */
async function hide(page: Page) {
  await page.evaluate(() => {
    Object.defineProperty(document, 'hidden', { configurable: true, value: true })
    document.dispatchEvent(new Event('visibilitychange'))
  })
}

test('frames are judged by the active model alone, and nothing is recorded', async ({ page, models, request }) => {
  const before = await countHistoryEntries(request, 'frame.jpg')
  const sent: URL[] = []
  page.on('request', (one) => {
    if (one.url().includes('/api/predict')) sent.push(new URL(one.url()))
  })
  await turnOn(page)
  await expect(verdict(page)).toContainText(
    /Likely fake|Likely real|Uncertain|Out of distribution/,
  )
  await expect(verdict(page)).toContainText(`Judged by ${models.active}.`)
  await expect(verdict(page)).toContainText(/[\d.]+ frames per second, the latest judged in [\d,]+ ms/)
  await expect(page.getByText('The models are made for photographs.')).toBeVisible()
  for (const { searchParams } of sent) {
    expect(searchParams.get('history')).toBe('false')
    expect(searchParams.has('models')).toBe(false)
  }
  expect(await countHistoryEntries(request, 'frame.jpg')).toBe(before)
})

test('a face in view gets a box, and loses it when it goes', async ({ page }) => {
  await turnOn(page)
  const box = page.locator('.picture li')
  await expect(box).toHaveCount(1)
  await expect(box).toHaveCount(0)
  await expect(verdict(page)).toContainText('There is no face that the model can judge')
})

test('a slow service gets one frame at a time', async ({ page }) => {
  let flying = 0
  let most = 0
  let total = 0
  await page.route('**/api/predict?*', async (route) => {
    most = Math.max(most, ++flying)
    const response = await route.fetch()
    await new Promise((resolve) => setTimeout(resolve, 300))
    flying--
    total++
    await route.fulfill({ response })
  })
  await turnOn(page)
  await expect.poll(() => total, { intervals: [100] }).toBeGreaterThan(3)
  expect(most).toBe(1)
})

test('the camera turns off when the page is left or hidden', async ({ page }) => {
  await turnOn(page)
  await expect(verdict(page)).toContainText('frames per second')
  const first = await track(page)
  expect(await first.evaluate((it) => it?.readyState)).toBe('live')
  await hide(page)
  await expect(page.getByText('The camera was turned off')).toBeVisible()
  expect(await first.evaluate((it) => it?.readyState)).toBe('ended')

  await page.getByRole('button', { name: 'Turn on the camera' }).click()
  await expect(page.getByRole('button', { name: 'Turn off the camera' })).toBeVisible()
  const second = await track(page)
  const sent: string[] = []
  await page.getByRole('link', { name: 'Models', exact: true }).click()
  await expect(page.getByRole('heading', { name: 'Models', level: 1 })).toBeVisible()
  expect(await second.evaluate((it) => it?.readyState)).toBe('ended')
  page.on('request', (one) => sent.push(one.url()))
  await expect(page.getByRole('table').first()).toBeVisible()
  expect(sent.filter((url) => url.includes('/api/predict'))).toEqual([])
})

test('a busy service is named, and the camera goes on by itself', async ({ page }) => {
  const busy = { success: false, error: 'busy', message: 'The service is busy.' }
  await page.route('**/api/predict?*', (route) =>
    route.fulfill({ status: 503, headers: { 'Retry-After': '1' }, json: busy }),
  )
  await turnOn(page)
  await expect(page.getByRole('alert')).toContainText('busy')
  await page.unroute('**/api/predict?*')
  await expect(verdict(page)).toContainText('frames per second')
  await expect(page.getByRole('alert')).toHaveCount(0)
})

test('a service that does not answer is named, and the camera goes on by itself', async ({ page }) => {
  await page.route('**/api/predict?*', (route) => route.abort())
  await turnOn(page)
  await expect(page.getByRole('alert')).toBeVisible()
  await page.unroute('**/api/predict?*')
  await expect(verdict(page)).toContainText('frames per second')
})

test.describe('without permission', () => {
  test.use({ permissions: [] })

  test('the page says how to allow the camera', async ({ page }) => {
    await turnOn(page)
    await expect(page.getByRole('heading', { name: 'The camera is blocked' })).toBeVisible()
    await expect(page.getByRole('button', { name: 'Turn on the camera' })).toBeVisible()
  })
})
