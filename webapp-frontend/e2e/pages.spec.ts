import { expect, test } from './test'

test('TensorBoard is there at the first visit', async ({ page }) => {
  await page.goto('/training')
  await page.getByRole('tab', { name: 'TensorBoard' }).click()
  const frame = page.frameLocator('iframe[title="TensorBoard: training curves"]')
  await expect(frame.getByText('TensorBoard').first()).toBeVisible()
  await expect(page.getByRole('link', { name: 'Open in a new tab' })).toHaveAttribute(
    'href',
    '/tensorboard/',
  )
})

test('every page has its title, and a change of page moves the focus to its heading', async ({
  page,
}) => {
  await page.goto('/')
  await expect(page).toHaveTitle('Is this portrait real? – Deepfake detection')
  for (const name of ['Batch', 'Models', 'Training', 'History']) {
    await page.getByRole('link', { name, exact: true }).click()
    await expect(page).toHaveTitle(`${name} – Deepfake detection`)
    await expect(page.getByRole('heading', { name, level: 1 })).toBeFocused()
  }
  await page.goto('/no/such/page')
  await expect(page.getByRole('heading', { name: 'Page not found' })).toBeVisible()
})

test('the theme follows the system until it is chosen, and the choice is remembered', async ({
  page,
}) => {
  await page.emulateMedia({ colorScheme: 'dark' })
  await page.goto('/')
  await page.getByRole('button', { name: 'Switch to the light theme' }).click()
  await page.reload()
  await expect(page.getByRole('button', { name: 'Switch to the dark theme' })).toBeVisible()
})

test('the rules for plain buttons leave the colours of filled buttons', async ({ page }) => {
  await page.goto('/batch')
  await expect(page.getByRole('button', { name: 'Start the job' })).not.toHaveCSS(
    'background-color',
    'rgba(0, 0, 0, 0)',
  )
})

test('the skip link leads to the content', async ({ page }) => {
  await page.goto('/')
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  await page.keyboard.press('Tab')
  await expect(page.getByRole('link', { name: 'Skip to the content' })).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(page.getByRole('main')).toBeFocused()
})
