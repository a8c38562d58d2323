import type { Page } from '@playwright/test'
import { mockPrediction, PREDICTIONS } from './predictionMocks'
import { picture, unfold } from './picture'
import { expect, test } from './test'

function v3(page: Page) {
  return page.getByRole('article', { name: 'v3', exact: true })
}

async function check(page: Page, name: keyof typeof PREDICTIONS) {
  await mockPrediction(page, name)
  await page.goto('/')
  await page.setInputFiles('input[type=file]', picture())
  await expect(v3(page)).toBeVisible()
}

test('each of two faces has a box and a verdict of its own', async ({ page }) => {
  await check(page, 'two faces')
  await expect(v3(page).locator('.verdict')).toHaveText('Likely fake')
  await expect(v3(page)).toContainText('2 faces were detected. This is the verdict on face 2')
  const faces = page.getByRole('region', { name: '2 faces' })
  await expect(faces.getByRole('radio', { name: /^Face 1\s+Likely real\s+8\.0%$/ })).not.toBeChecked()
  await expect(faces.getByRole('radio', { name: /^Face 2\s+Likely fake\s+97\.0%$/ })).toBeChecked()
  await expect(faces.getByRole('region', { name: 'Face 2' })).toContainText('Very strong signs')

  // The boxes lie on the picture, where the answer says.
  const shown = await page.getByAltText(/The picture being checked/).boundingBox()
  const box = await page.getByRole('button', { name: 'Face 1: Likely real' }).boundingBox()
  if (!shown || !box) throw new Error('nothing is shown')
  expect((box.x - shown.x) / shown.width).toBeCloseTo(0.08, 1)
  expect((box.y - shown.y) / shown.height).toBeCloseTo(0.2, 1)
  expect(box.width / shown.width).toBeCloseTo(0.34, 1)
  expect(box.height / shown.height).toBeCloseTo(0.5, 1)

  await page.getByRole('button', { name: 'Face 1: Likely real' }).click()
  await expect(faces.getByRole('region', { name: 'Face 1' })).toContainText('Weak signs of generation')
  await expect(faces).toContainText('Weak signs of generation do not mean that the picture is authentic.')
})

test('the keyboard walks from face to face', async ({ page }) => {
  await check(page, 'two faces')
  await page.getByRole('radio', { name: /^Face 2/ }).focus()
  await page.keyboard.press('ArrowUp')
  await expect(page.getByRole('radio', { name: /^Face 1/ })).toBeChecked()
  await expect(page.getByRole('button', { name: 'Face 1: Likely real' })).toHaveAttribute(
    'aria-pressed',
    'true',
  )
  await expect(page.getByRole('region', { name: 'Face 1' })).toBeVisible()
})

test('a picture without a face is out of scope, and is judged as a whole when asked', async ({
  page,
}) => {
  await check(page, 'no face')
  await expect(v3(page).locator('.verdict')).toHaveText('Out of distribution')
  await expect(v3(page)).toContainText('No face was detected, and the model was trained on faces.')
  await expect(v3(page).getByRole('meter')).toHaveCount(0)
  await expect(v3(page)).not.toContainText('70.0%')
  // Without FACE the other models judge a gradient, which is no face either.
  const abstentions = page.getByText(/\d (was|were) not trained for this kind of picture\./)
  await expect(abstentions.first()).toBeVisible()
  const asked = page.waitForRequest((request) => request.url().includes('whole=true'))
  await page.getByRole('checkbox', { name: 'Score the whole picture instead' }).check()
  await asked
  await expect(v3(page).locator('.verdict')).toHaveText('Likely real')
  await expect(v3(page)).toContainText('The whole picture was scored, as requested')
})

test('a verdict that small changes turn is uncertain, and the change is named', async ({ page }) => {
  await check(page, 'unstable')
  await expect(v3(page).locator('.verdict')).toHaveText('Uncertain')
  await expect(v3(page)).toContainText('A small change reverses it: recompressed as JPEG, quality 60.')
  const turned = v3(page).getByRole('row', { name: /^recompressed as JPEG/ })
  await expect(turned).toContainText('Real, changed')
  await expect(v3(page).getByRole('row', { name: /^mirrored/ })).toContainText('Fake, unchanged')
})

test('where both classes are possible it says so, and unknown reasons come as the service says', async ({
  page,
}) => {
  await check(page, 'either class')
  await expect(v3(page).locator('.verdict')).toHaveText('Uncertain')
  await expect(v3(page)).toContainText('At 90% coverage, the picture could be real or fake.')
  await expect(v3(page)).toContainText('the service says of_tomorrow')
  await expect(v3(page)).toContainText('Moderate signs of generation')
})

test('small changes are tried by the service itself when asked', async ({ page }) => {
  await page.goto('/')
  await page.getByRole('radio', { name: 'Always' }).check({ force: true })
  await page.setInputFiles('input[type=file]', picture())
  const tried = page.getByText(/^(Robust to small changes|Small changes reverse it)$/)
  await expect(tried).not.toHaveCount(0)
  await unfold(page)
  const card = page.getByRole('article', { name: 'v1', exact: true })
  const table = card.getByRole('table', { name: 'Predictions after small changes of the picture' })
  if (!(await table.isVisible())) await card.locator('summary').click()
  await expect(table.getByRole('row')).toHaveCount(5)
  await page.getByRole('radio', { name: 'Never' }).check({ force: true })
  await expect(tried).toHaveCount(0)
})

test('the pages of a model say what is judged, when it is unsure, and its limits', async ({
  page,
}) => {
  await mockPrediction(page, 'two faces')
  await page.goto('/models/v3?tab=file')
  const file = page.getByRole('main')
  await expect(file).toContainText('face crops with a margin of 30% of their width')
  await expect(file).toContainText('at 90% class-conditional coverage')
  await expect(file).toContainText('fitted on 1,200 pictures: faces, validation')
  await page.goto('/models/v3?tab=data')
  await expect(page.getByRole('region', { name: 'Limitations of v3' })).toContainText('Known failures')
})
