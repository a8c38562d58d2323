import AxeBuilder from '@axe-core/playwright'
import type { Page } from '@playwright/test'
import { addHistoryEntry } from './historyEntries'
import { finishedJob, forgetJobs } from './jobs'
import { picture } from './picture'
import { expect, test } from './test'

/** The page's narrowest width, and 1,280 pixels at 200 % zoom; the languages with the longest words. */
const LOOKS = [
  { name: '320 pixels wide, German, light', locale: 'de-DE', width: 320, scale: 1, colorScheme: 'light' },
  { name: '320 pixels wide, Turkish, dark', locale: 'tr-TR', width: 320, scale: 1, colorScheme: 'dark' },
  { name: '200 % zoom, German, dark', locale: 'de-DE', width: 640, scale: 2, colorScheme: 'dark' },
  { name: '200 % zoom, Turkish, light', locale: 'tr-TR', width: 640, scale: 2, colorScheme: 'light' },
] as const

const VIEWS = [
  '/',
  '/batch',
  '/camera',
  '/models',
  ...['overview', 'figures', 'threshold', 'data', 'file'].map((tab) => `/models/v5?tab=${tab}`),
  '/models/mount',
  '/compare',
  ...['curves', 'confusion', 'conditions', 'disagreements', 'speed', 'training', 'picture'].map(
    (tab) => `/compare?tab=${tab}`,
  ),
  '/training',
  '/history',
  '/help',
  '/no/such/page',
]

async function settle(page: Page) {
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  await page.waitForLoadState('networkidle')
}

async function expectNoFaults(page: Page, view: string) {
  const { violations } = await new AxeBuilder({ page })
    .options({ resultTypes: ['violations'] })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'])
    .exclude('iframe')
    .analyze()
  expect.soft(violations, view).toEqual([])
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
  expect.soft(overflow, view).toBeLessThanOrEqual(0)
}

test.afterEach(async ({ request }) => {
  await forgetJobs(request)
})

for (const { name, locale, width, scale, colorScheme } of LOOKS) {
  test.describe(name, () => {
    test.use({ locale, colorScheme, viewport: { width, height: 700 }, deviceScaleFactor: scale })

    test('every view fits without scrolling sideways and has no accessibility faults', async ({ page }) => {
      test.setTimeout(900_000)
      await addHistoryEntry(page.request, 'reflow.png')
      const { id } = await finishedJob(page.request)
      for (const view of [...VIEWS, `/batch/${id}`]) {
        await test.step(view, async () => {
          await page.goto(view)
          await settle(page)
          await expectNoFaults(page, view)
        })
      }
      await test.step('a verdict', async () => {
        await page.goto('/')
        await page.setInputFiles('input[type=file]', picture())
        await expect(page.locator('article').first()).toBeVisible()
        await settle(page)
        await expectNoFaults(page, 'a verdict')
      })
    })
  })
}
