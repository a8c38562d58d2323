import type { Page } from '@playwright/test'
import { mockEvaluation } from './evaluationMocks'
import { expect, test } from './test'

/** The height that a tab may have at 1440 pixels width. */
const TALLEST = 2000

function row(page: Page, name: string) {
  return page.getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) })
}

async function part(page: Page, title: string) {
  await page.getByRole('group', { name: 'Part' }).getByText(title, { exact: true }).click()
}

test('the list fits one screen and says of each model what it is for and how good it is', async ({
  page,
  models,
}) => {
  await page.setViewportSize({ width: 1440, height: 900 })
  await mockEvaluation(page)
  await page.goto('/models')
  for (const name of models.names) {
    await expect(row(page, name)).toContainText('Ready')
    await expect(row(page, name)).toContainText(/Not for decisions about people/)
    await expect(row(page, name)).toContainText(/0\.\d{3}\s*0\.\d{3} to 0\.\d{3}/)
    await expect(row(page, name)).toContainText(/\d%\s*at the threshold \d/)
    await expect(row(page, name)).toContainText(/\d MB/)
  }
  const box = await page.getByRole('region', { name: 'Models' }).boundingBox()
  expect((box?.y ?? 0) + (box?.height ?? Infinity)).toBeLessThanOrEqual(900)
  await page.getByText(/warnings? about the test data/).click()
  await expect(page.getByText('12 pictures are in the training split too')).toHaveCount(1)
  await page.getByRole('button', { name: 'Measure the speed' }).click()
  await expect(page.getByRole('cell', { name: /^[\d.]+ ms$/ })).toHaveCount(models.names.length)
})

test('an evaluation that cannot be read is named, and read on another try', async ({ page, models }) => {
  let broken = true
  await page.route('**/api/models/v2/evaluation', (route) =>
    broken ? route.fulfill({ status: 500, body: 'broken' }) : route.continue(),
  )
  await page.goto('/models')
  const notice = page.getByRole('alert').filter({ hasText: 'The response cannot be read' })
  await expect(notice).toContainText('v2: ')
  await expect(row(page, 'v2').getByRole('cell').first()).toHaveText('unknown')
  const rest = models.names.filter((name) => name !== 'v2')
  for (const name of rest) await expect(row(page, name)).toContainText(/0\.\d{3} to 0\.\d{3}/)
  broken = false
  await notice.getByRole('button', { name: 'Try again' }).click()
  await expect(notice).toHaveCount(0)
  await expect(row(page, 'v2')).toContainText(/0\.\d{3} to 0\.\d{3}/)
})

test('the list shows its models while their evaluations are being read', async ({ page, models: { active } }) => {
  let release: () => void = () => undefined
  const held = new Promise<void>((resolve) => (release = resolve))
  await page.route('**/api/models/*/evaluation', async (route) => {
    await held
    await route.continue()
  })
  await page.goto('/models')
  await expect(row(page, active).getByRole('cell').first()).toHaveText('Loading…')
  release()
  await expect(row(page, active)).toContainText(/0\.\d{3} to 0\.\d{3}/)
})

test('a model opens from the list, its tab is kept in the address, and no tab is too tall', async ({
  page,
  models: { active },
}) => {
  await page.setViewportSize({ width: 1440, height: 900 })
  await page.goto('/models')
  await row(page, active).getByRole('link', { name: active, exact: true }).click()
  await expect(page.getByRole('heading', { level: 1, name: active })).toBeFocused()
  await expect(page).toHaveTitle(`Model ${active} – Deepfake detection`)
  await expect(page.getByText('Intended use')).toBeVisible()
  const contents = {
    Overview: 'Called real',
    Figures: '95% interval',
    Threshold: /Of 1,000 real faces/,
    'Data and limits': 'Known failures',
    File: 'SHA-256',
  }
  for (const [name, content] of Object.entries(contents)) {
    await page.getByRole('tab', { name }).click()
    await expect(page.getByText(content).first()).toBeVisible()
    const height = await page.evaluate(() => document.documentElement.scrollHeight)
    expect.soft(height, name).toBeLessThanOrEqual(TALLEST)
  }
  await expect(page).toHaveURL(/\?tab=file$/)
  await page.reload()
  await expect(page.getByRole('tab', { name: 'File' })).toHaveAttribute('aria-selected', 'true')
  await page.getByRole('tab', { name: 'Figures' }).click()
  for (const title of ['Curves', 'Calibration', 'Test sets', 'Robustness']) {
    await part(page, title)
    await expect(page).toHaveURL(/figures=/)
    await expect(page.getByRole('tabpanel').locator('table').first()).toBeAttached()
    const height = await page.evaluate(() => document.documentElement.scrollHeight)
    expect.soft(height, title).toBeLessThanOrEqual(TALLEST)
  }
})

test('all metrics have their intervals', async ({ page }) => {
  await page.goto('/models/v1?tab=figures')
  await expect(page.getByText(/faces: \d+ real, \d+ fake\.$/)).toBeVisible()
  await expect(page.getByRole('columnheader', { name: '95% interval' })).toBeVisible()
  for (const metric of ['Accuracy', 'Accuracy on real pictures', 'Area under the ROC curve', 'Brier score']) {
    await expect(page.getByRole('row', { name: new RegExp(`^${metric} (?!on )`) })).toContainText(/\d%? to \d/)
  }
})

test('the curves are read by keyboard, and as tables', async ({ page }) => {
  await page.goto('/models/v1?tab=figures&figures=curves')
  const roc = page.getByRole('slider', { name: 'ROC curve' })
  await expect(roc).toHaveAttribute('aria-valuetext', /^At a false positive rate of 5%, True positive rate \(fakes detected\) \d/)
  await roc.press('ArrowRight')
  await expect(roc).toHaveAttribute('aria-valuetext', /^At a false positive rate of 6%/)
  await roc.press('End')
  await expect(page.getByText('True positive rate (fakes detected) 100.0%')).toBeVisible()
  const recall = page.getByRole('slider', { name: 'Precision-recall curve' })
  await recall.press('End')
  await expect(recall).toHaveAttribute('aria-valuetext', /^At a recall of 100%, Precision 50\.0%$/)
  await page.getByText('Show as a table ROC curve').press('Enter')
  await expect(page.getByRole('table', { name: 'ROC curve' }).getByRole('row')).toHaveCount(22)
  await part(page, 'Calibration')
  const diagram = page.getByRole('slider', { name: 'Reliability diagram' })
  await expect(diagram).toHaveAttribute('aria-valuetext', /^At a mean predicted probability of \d.*Observed share of fakes \d/)
  await expect(page.getByText(/Each point averages about \d+ faces/)).toBeVisible()
})

test('an ensemble links to its members, and a rich evaluation is shown part by part', async ({ page }) => {
  await mockEvaluation(page)
  await page.goto('/models/v3?tab=data')
  await expect(page.getByRole('note')).toContainText('12 pictures are in the training split too')
  await page.getByRole('tab', { name: 'Figures' }).click()
  await part(page, 'Calibration')
  await expect(page.getByRole('row', { name: /^test/ })).toContainText('0.2100 → 0.0800')
  await part(page, 'Test sets')
  await expect(page.getByRole('row', { name: / · Stable Diffusion 1\.5/ })).toBeVisible()
  await part(page, 'Robustness')
  await expect(page.getByRole('row', { name: /^JPEG, quality 60/ })).toContainText('0.0 points')
  await page.getByRole('tab', { name: 'File' }).click()
  await expect(page.getByText('per member').first()).toBeVisible()
  await page.getByRole('link', { name: 'v1', exact: true }).click()
  await expect(page).toHaveURL(/\/models\/v1$/)
  await expect(page.getByRole('heading', { level: 1, name: 'v1' })).toBeFocused()
  // A list that is still being fetched would fail after the end of the test.
  await page.unrouteAll({ behavior: 'ignoreErrors' })
})

test('the slider says what a threshold costs, and the presets move it', async ({ page, models: { active } }) => {
  await page.goto(`/models/${active}?tab=threshold`)
  const slider = page.getByRole('slider', { name: `Threshold of ${active}` })
  const cost = async () => {
    const text = (await slider.getAttribute('aria-valuetext')) ?? ''
    const [, accused = '', found = ''] = /([\d,]+) are called fake; .*, ([\d,]+) are found/.exec(text) ?? []
    return { accused: Number(accused.replace(',', '')), found: Number(found.replace(',', '')) }
  }
  await slider.press('End')
  await expect(slider).toHaveAttribute('aria-valuetext', /^100%\. Of 1,000 real faces, 0 are called fake/)
  await slider.press('ArrowLeft')
  await expect(slider).toHaveAttribute('aria-valuetext', /^99\.5%/)
  const costs = []
  for (const preset of ['Cautious', 'Balanced', 'Sensitive']) {
    await page.getByRole('button', { name: preset }).click()
    await expect(page.getByRole('button', { name: preset })).toHaveAttribute('aria-pressed', 'true')
    costs.push(await cost())
  }
  const [cautious, balanced, sensitive] = costs
  expect(cautious?.accused).toBeLessThanOrEqual(10)
  expect(sensitive?.found).toBeGreaterThanOrEqual(900)
  expect(cautious?.accused).toBeLessThanOrEqual(balanced?.accused ?? 0)
  expect(balanced?.accused).toBeLessThanOrEqual(sensitive?.accused ?? 0)
  await expect(page.getByText(/^Measured on the test set \w+ · test/)).toBeVisible()
})

test('a threshold is set, moves the curves, holds after a reload, and is reset', async ({ page, request }) => {
  await page.goto('/models/v1?tab=threshold')
  const chart = page.getByRole('slider', { name: 'Metrics by threshold' })
  await expect(chart).toHaveAttribute('aria-valuetext', /^At the threshold \d.*, Accuracy .* F1 score \d/)
  const status = page.getByRole('status')
  try {
    await page.getByRole('spinbutton').fill('90')
    await expect(page.getByText('marks 90%')).toBeVisible()
    await expect(chart).toHaveAttribute('aria-valuetext', /^At the threshold 90%/)
    await page.getByRole('button', { name: 'Save' }).click()
    await expect(status).toContainText('90% (set on the Models page)')
    await chart.press('ArrowLeft')
    await expect(chart).toHaveAttribute('aria-valuetext', /^At the threshold 89\.5%/)
    await chart.press('Escape')
    await expect(chart).toHaveAttribute('aria-valuetext', /^At the threshold 90%/)
    await page.reload()
    await expect(status).toContainText('90% (set on the Models page)')
    await page.getByRole('button', { name: "Reset to the model's default" }).click()
    await expect(status).not.toContainText('set on the Models page')
  } finally {
    await request.patch('/api/models/v1', { data: { threshold: null } })
  }
})

test('another model is made active, and back', async ({ page, models: { active } }) => {
  await page.goto('/models')
  const other = active === 'v1' ? 'v2' : 'v1'
  for (const name of [other, active]) {
    await page.getByRole('button', { name: `Make ${name} the active model` }).click()
    await expect(row(page, name).getByText('Active', { exact: true })).toBeVisible()
    await expect(page.getByText('Active', { exact: true })).toHaveCount(1)
  }
})

test('a model that does not exist says so', async ({ page }) => {
  await page.goto('/models/no-such-model')
  await expect(page.getByRole('heading', { name: 'There is no model named no-such-model' })).toBeVisible()
})
