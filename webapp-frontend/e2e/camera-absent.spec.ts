import config from '../playwright.config'
import { expect, test } from './test'

// This browser has no camera. It takes this name for the machine itself, as a page in a network has one.
const { launchOptions, baseURL = '' } = config.use ?? {}
const NAME = 'detection.test'

test.use({
  permissions: ['camera'],
  launchOptions: {
    ...launchOptions,
    args: [...(launchOptions?.args ?? []), `--host-resolver-rules=MAP ${NAME} 127.0.0.1`],
  },
})

test('a device without a camera is told so', async ({ page }) => {
  await page.goto('/camera')
  await page.getByRole('button', { name: 'Turn on the camera' }).click()
  await expect(page.getByRole('heading', { name: 'No camera' })).toBeVisible()
  await expect(page.getByRole('button', { name: 'Turn on the camera' })).toBeVisible()
})

test.describe('at an insecure address', () => {
  const address = new URL(baseURL)
  address.hostname = NAME
  test.use({ baseURL: address.origin, permissions: [] })

  test('the page says that the browser needs a secure one', async ({ page }) => {
    await page.goto('/camera')
    await page.getByRole('button', { name: 'Turn on the camera' }).click()
    const heading = page.getByRole('heading', { name: 'The camera needs a secure address' })
    await expect(heading).toBeVisible()
    await expect(page.getByRole('button', { name: 'Turn on the camera' })).toHaveCount(0)
  })
})
