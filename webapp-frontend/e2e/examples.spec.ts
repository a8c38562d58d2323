import AxeBuilder from '@axe-core/playwright'
import { expect, test } from './test'

interface Answer {
  results: { model: string; verdict: string; provenance: { claim: string } }[]
}

/** What the lessons say of v5's verdict and of the file's own statement. */
const LESSONS = [
  { name: 'A photograph', verdict: 'real', claim: 'none' },
  { name: 'A manipulated face', verdict: 'real', claim: 'none' },
  { name: 'A poor copy', verdict: 'real', claim: 'none' },
  { name: 'A drawing', verdict: 'out_of_scope', claim: 'none' },
  { name: 'A file that says “generated”', verdict: 'real', claim: 'generated' },
]

test('each example is checked by a click, and its lesson is true of the default model', async ({ page }) => {
  await page.goto('/')
  await expect(page.getByRole('heading', { name: 'No picture at hand? Try an example' })).toBeVisible()
  for (const { name, verdict, claim } of LESSONS) {
    const answered = page.waitForResponse(/\/api\/predict/)
    await page.getByRole('button', { name, exact: true }).click()
    const { results } = (await (await answered).json()) as Answer
    const v5 = results.find(({ model }) => model === 'v5')
    expect([v5?.verdict, v5?.provenance.claim]).toEqual([verdict, claim])
    await expect(page.getByRole('region', { name: 'What this example shows' })).toContainText('Model v5')
  }
})

test('examples are accessible before and after the choice, and the thumbnails load', async ({ page }) => {
  await page.goto('/')
  const row = page.getByRole('region', { name: 'No picture at hand? Try an example' })
  await row.scrollIntoViewIfNeeded()
  for (const image of await row.locator('img').all()) {
    await expect(image).toHaveJSProperty('naturalWidth', 96)
  }
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([])
  await page.getByRole('button', { name: 'A drawing' }).click()
  await expect(page.getByRole('region', { name: 'What this example shows' })).toBeVisible()
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([])
})

test('an example that the server does not have is named as such', async ({ page }) => {
  const home = await page.request.get('/')
  await page.route('**/examples/drawing.jpg', (route) => route.fulfill({ response: home }))
  await page.goto('/')
  await page.getByRole('button', { name: 'A drawing' }).click()
  await expect(page.getByRole('alert')).toContainText('The example is not available')
  await page.getByRole('button', { name: 'A photograph' }).click()
  await expect(page.getByRole('region', { name: 'What this example shows' })).toBeVisible()
  await expect(page.getByRole('alert')).toHaveCount(0)
})
