import AxeBuilder from '@axe-core/playwright'
import { expect, type Page } from '@playwright/test'

/** Each width and each theme once: all rules on the wide page, and those that depend on the look on the narrow one. */
const LOOKS = [
  {
    name: 'narrow and dark',
    size: { width: 360, height: 740 },
    colorScheme: 'dark',
    rules: [
      'color-contrast',
      'target-size',
      'scrollable-region-focusable',
      'region',
      // What only a narrow page shows, such as the arrows beside tabs.
      'button-name',
      'link-name',
      'aria-hidden-focus',
    ],
  },
  { name: 'wide and light', size: { width: 1440, height: 900 }, colorScheme: 'light', rules: undefined },
] as const

/** Expects that the page, as it is now, fits and has no accessibility faults in any look. */
export async function expectNoFaults(page: Page, state: string) {
  for (const { name, size, colorScheme, rules } of LOOKS) {
    const look = `${state}, ${name}`
    await page.emulateMedia({ colorScheme })
    await page.setViewportSize(size)
    await page.evaluate(() => new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted))))
    // Charts take their new size after the next frame.
    await expect
      .soft.poll(() => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth), {
        message: look,
      })
      .toBeLessThanOrEqual(0)
    // The new theme is painted with the next frames, so a first look may see the old colours.
    await expect.soft.poll(() => faults(page, rules), { message: look }).toEqual([])
  }
}

const ALL_RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

/** Violations of some rules, or of all. */
async function faults(page: Page, rules?: readonly string[]) {
  const axe = new AxeBuilder({ page }).options({ resultTypes: ['violations'] })
  const { violations } = await (rules ? axe.withRules([...rules]) : axe.withTags(ALL_RULES))
    // What TensorBoard shows is not ours.
    .exclude('iframe')
    // In this page itself: without other frames there is nothing to collect in a page of its own.
    .setLegacyMode()
    .analyze()
  return violations
}
