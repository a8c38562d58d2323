import { existsSync } from 'node:fs'
import { join } from 'node:path'
import config from '../playwright.config'
import { expect, test } from './test'
import { cameraArguments, videoOf } from './video'

/**
 * A real face and a generated one of the same size. `FACE` may lie in a data set that has both; the
 * examples of the page are a photograph and the same with parts of the face blended in by our own code.
 */
const { FACE = '' } = process.env
const STYLEGAN = join(FACE, '../../Fake/01BEBDIRC8.jpg')
const hasDataset = Boolean(FACE) && existsSync(STYLEGAN)
const [REAL, GENERATED] = hasDataset
  ? [FACE, STYLEGAN]
  : ['public/examples/portrait.jpg', 'public/examples/blended.jpg']

const { launchOptions } = config.use ?? {}

test.use({
  permissions: ['camera'],
  launchOptions: {
    ...launchOptions,
    args: [...(launchOptions?.args ?? []), ...cameraArguments(videoOf([REAL, GENERATED], 6))],
  },
})

test('the verdict follows the face in view, from a real one to a generated one and back', async ({ page }) => {
  await page.goto('/camera')
  await page.getByRole('button', { name: 'Turn on the camera' }).click()
  const verdict = page.getByRole('region', { name: 'Verdict on the video' })
  const score = async () => parseFloat(await verdict.locator('.number').innerText())
  await expect(page.locator('.picture li')).toHaveCount(1)
  await expect(verdict).toContainText('Likely real')
  const real = await score()
  await expect.poll(score, { intervals: [100] }).toBeGreaterThan(real + 5)
  if (hasDataset) await expect(verdict).toContainText('Likely fake')
  await expect.poll(score, { intervals: [100] }).toBeLessThan(real + 5)
  await expect(verdict).toContainText('Likely real')
})
