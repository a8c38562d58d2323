import AxeBuilder from '@axe-core/playwright'
import type { Page } from '@playwright/test'
import { addHistoryEntry } from './historyEntries'
import { finishedJob, forgetJobs } from './jobs'
import { picture } from './picture'
import { expect, test } from './test'

/** 1,280 pixels at a zoom of 200 %, and the narrowest width of WCAG 2.2, SC 1.4.10. */
const WIDTHS = [640, 320]

const VIEWS = [
  '/batch',
  '/camera',
  '/models',
  ...['overview', 'figures', 'threshold', 'data', 'file'].map((tab) => `/models/v5?tab=${tab}`),
  '/models/mount',
  '/compare',
  ...['curves', 'confusion', 'conditions', 'disagreements', 'speed', 'training'].map(
    (tab) => `/compare?tab=${tab}`,
  ),
  '/training',
  '/history',
  ...['reading', 'limits', 'pictures', 'api'].map((tab) => `/help?tab=${tab}`),
  '/no/such/page',
]

async function settle(page: Page) {
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  await page.waitForLoadState('networkidle')
}

/** Texts that reach out of the window or of a box that hides what does not fit. */
function cutTexts(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const box = (element: Element) => element.getBoundingClientRect()
    const isCut = (element: Element) => {
      const { left, right, width } = box(element)
      if (width <= 1 || !element.checkVisibility({ visibilityProperty: true })) return false
      for (let above = element.parentElement; above; above = above.parentElement) {
        const { overflowX, clipPath } = getComputedStyle(above)
        if (['auto', 'scroll'].includes(overflowX) || clipPath !== 'none') return false
        if (overflowX !== 'visible' && (left < box(above).left - 1 || right > box(above).right + 1)) return true
      }
      return left < -1 || right > window.innerWidth + 1
    }
    const texts = [...document.querySelectorAll('body *')].filter((element) =>
      [...element.childNodes].some(({ nodeType, textContent }) => nodeType === Node.TEXT_NODE && textContent?.trim()),
    )
    return texts.filter(isCut).map((element) => element.textContent.trim().slice(0, 60))
  })
}

async function expectToFit(page: Page, view: string) {
  for (const width of WIDTHS) {
    const look = `${view}, ${String(width)} pixels`
    await page.setViewportSize({ width, height: 700 })
    // Charts take their new size after the next frame.
    await expect
      .poll(() => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth), {
        message: look,
      })
      .toBeLessThanOrEqual(0)
    await expect.poll(() => cutTexts(page), { message: look }).toEqual([])
  }
}

async function expectNoFaults(page: Page, view: string) {
  await expectToFit(page, view)
  const { violations } = await new AxeBuilder({ page }).options({ resultTypes: ['violations'] }).setLegacyMode().analyze()
  expect.soft(violations, view).toEqual([])
}

test.afterEach(async ({ request }) => {
  await forgetJobs(request)
})

test.describe('in German, whose words are long', () => {
  test.use({ locale: 'de-DE' })

  test('every view fits 320 pixels, and a zoom of 200 %', async ({ page }) => {
    await addHistoryEntry(page.request, 'reflow.png')
    const { id } = await finishedJob(page.request)
    await page.goto('/')
    await settle(page)
    await expectToFit(page, 'Detect')
    await page.setInputFiles('input[type=file]', picture())
    await expect(page.locator('article').first()).toBeVisible()
    await settle(page)
    await expectNoFaults(page, 'a verdict')
    for (const view of [...VIEWS, `/batch/${id}`]) {
      await page.goto(view)
      await settle(page)
      await (view === '/models' ? expectNoFaults : expectToFit)(page, view)
    }
    await page.goto('/history')
    await page.locator('h2 a').first().click()
    await settle(page)
    await expectToFit(page, 'a past verdict')
  })
})

test('in Indonesian and Turkish too, a verdict and a model fit and have no accessibility faults', async ({ page }) => {
  for (const language of ['id', 'tr']) {
    await page.goto('/')
    await page.locator('header select').selectOption(language)
    await expect(page.locator('html')).toHaveAttribute('lang', language)
    await page.setInputFiles('input[type=file]', picture())
    await expect(page.locator('article').first()).toBeVisible()
    await expectNoFaults(page, `a verdict, ${language}`)
    await page.goto('/models/v5')
    await settle(page)
    await expectNoFaults(page, `a model, ${language}`)
  }
})
