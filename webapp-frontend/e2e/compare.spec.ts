import type { Page } from '@playwright/test'
import { drop, picture } from './picture'
import { expect, test } from './test'

function section(page: Page, name: string) {
  return page.getByRole('region', { name, exact: true }).first()
}

async function open(page: Page, name: string) {
  await page.getByRole('tab', { name, exact: true }).click()
}

/** These tests compare the same three models, whatever else the service has. */
const MODELS = ['v1', 'v2', 'v3']

test.beforeEach(async ({ page }) => {
  await page.goto(`/compare?models=${MODELS.join(',')}`)
  await expect(section(page, 'Evaluation results').getByRole('rowheader', { name: /^Accuracy (?!on)/ })).toBeVisible()
})

test('every metric stands with its interval and the size of the sample', async ({ page }) => {
  const measured = section(page, 'Evaluation results')
  for (const name of MODELS) {
    const header = measured.getByRole('columnheader', { name: new RegExp(`^${name} `) })
    await expect(header).toHaveText(/\d+ faces: \d+ real, \d+ fake\./)
  }
  for (const metric of ['Accuracy', 'Precision', 'Recall', 'F1 score', 'Equal error rate']) {
    const row = measured.getByRole('row', { name: new RegExp(`^${metric} (?!on )`) })
    await expect(row.getByText(/\d+(\.\d+)?%? to \d/)).toHaveCount(3)
    await expect(row).toContainText(/No clear difference|is better|Not comparable/)
  }
})

test('the choice of models stands in the address and holds everywhere', async ({ page }) => {
  await page.getByRole('checkbox', { name: 'v2' }).uncheck()
  await expect(page).toHaveURL(/\?models=v1(,|%2C)v3$/)
  const measured = section(page, 'Evaluation results')
  await expect(measured.getByRole('columnheader', { name: /^v2/ })).toHaveCount(0)
  await page.reload()
  await expect(measured.getByRole('columnheader', { name: /^v3/ })).toBeVisible()
  await expect(measured.getByRole('columnheader', { name: /^v2/ })).toHaveCount(0)
  await open(page, 'Disagreements')
  await page.getByText('Pairwise comparison').click()
  await expect(section(page, 'Agreement on test pictures').getByText(/^v1 and v3: only v1/)).toBeVisible()
  await expect(page).toHaveURL(/models=v1(,|%2C)v3.*tab=disagreements/)
  await page.getByRole('checkbox', { name: 'v3' }).uncheck()
  await expect(page.getByText('Select at least two models.')).toBeVisible()
})

test('no tab is too tall, with all models', async ({ page, models }) => {
  await page.setViewportSize({ width: 1440, height: 900 })
  await page.goto(`/compare?models=${models.names.join(',')}`)
  const contents = {
    Figures: /^A model counts as better only/,
    Curves: 'At a false positive rate of 5%',
    Confusion: 'Predictions on the test set at each',
    Generators: 'Generators and perturbations',
    Disagreements: 'Pictures with disagreement',
    'Your picture': 'One picture, all selected models',
    Speed: 'Size and speed',
    Training: /^Solid: validation/,
  }
  for (const [name, content] of Object.entries(contents)) {
    await open(page, name)
    await expect(page.getByText(content).first()).toBeVisible()
    const height = await page.evaluate(() => document.documentElement.scrollHeight)
    expect.soft(height, name).toBeLessThanOrEqual(2000)
  }
})

test('the curves of all models are overlaid and read by keyboard', async ({ page }) => {
  await open(page, 'Curves')
  const chart = page.getByRole('slider', { name: 'ROC curve' })
  await expect(chart).toHaveAttribute('aria-valuetext', /^At a false positive rate of 5%, v1 \d.*, v2 \d.*, v3 \d/)
  await chart.press('ArrowRight')
  await expect(chart).toHaveAttribute('aria-valuetext', /^At a false positive rate of 6%, v1 \d+/)
  await expect(page.getByText(/AUC 0\.\d{3}, 0\.\d{3} to 0\.\d{3}/)).toHaveCount(3)
  await expect(page.getByRole('slider', { name: 'Precision-recall curve' })).toHaveAttribute(
    'aria-valuetext',
    /v1 \d.*, v2 \d.*, v3 \d/,
  )
  await expect(page.getByRole('slider', { name: 'Reliability diagram' })).toBeVisible()
  await open(page, 'Confusion')
  await expect(section(page, 'Confusion matrices').getByRole('table')).toHaveCount(3)
})

test('a table shows each model on each generator and after each perturbation', async ({ page }) => {
  await open(page, 'Generators')
  const part = section(page, 'Generators and perturbations')
  await part.getByLabel('Data set').selectOption('All')
  await expect(part.getByRole('columnheader', { name: 'StyleGAN', exact: true })).toBeVisible()
  await expect(part.getByRole('columnheader', { name: 'JPEG, quality 40' })).toBeVisible()
  for (const name of MODELS) {
    const row = part.getByRole('row').filter({ has: page.getByRole('rowheader', { name }) })
    await expect(row.getByRole('cell').first()).toHaveText(/^0\.\d{3}$/)
  }
  await part.getByRole('radio', { name: 'Fakes found' }).check({ force: true })
  await expect(page).toHaveURL(/dataset=All.*metric=fake_accuracy/)
  await page.reload()
  await expect(part.getByRole('row').last().getByRole('cell').first()).toHaveText(/^\d+\.\d%$/)
})

test('the training curves of the models are overlaid', async ({ page }) => {
  await open(page, 'Training')
  const training = section(page, 'Training curves')
  await expect(training.getByRole('slider', { name: /selected runs/ })).toBeVisible()
  for (const name of MODELS) {
    await expect(
      training.getByRole('rowheader', { name: new RegExp(`^${name}/\\S+ validation$`) }),
    ).toBeVisible()
  }
})

test('the models are timed one after the other', async ({ page }) => {
  await open(page, 'Speed')
  const speed = section(page, 'Size and speed')
  await expect(speed.getByText('not measured yet')).toHaveCount(3)
  await speed.getByRole('button', { name: 'Measure now' }).click()
  await expect(speed.getByText(/^[\d.]+ ms to [\d.]+ ms over \d+ runs$/)).toHaveCount(3)
  const answer = await page.request.get('/api/models')
  const { models } = (await answer.json()) as { models: { name: string; card: { parameters: number } }[] }
  const parameters = models.find(({ name }) => name === 'v1')?.card.parameters ?? 0
  await expect(speed.getByText(parameters.toLocaleString('en'), { exact: true }).first()).toBeVisible()
})

test('the pictures on which they disagree are counted, filtered and paged', async ({ page }) => {
  await open(page, 'Disagreements')
  const part = section(page, 'Agreement on test pictures')
  const sample = part.getByText(/^\d+ pictures from .+: \d+ real, \d+ fake\.$/)
  await expect(sample).toBeVisible()
  await expect(part.getByText(/^v\d and v\d: only v\d is correct on \d+/)).toHaveCount(3)
  const tiles = part.getByRole('figure')
  await expect(tiles.first()).toContainText(/v1: (Real|Fake), (correct|wrong) \(.*% fake\)/)
  const firstName = await tiles.first().locator('.name').textContent()
  await part.getByRole('button', { name: /Next page/ }).click()
  await expect(tiles.first()).not.toContainText(firstName ?? '')
  await part.getByLabel('Ground truth').selectOption('Real')
  await expect(part.getByText('Ground truth: fake')).toHaveCount(0)
  await part.getByLabel('Wrong model').selectOption('v2')
  await expect(tiles.first()).toContainText(/v2: Fake, wrong/)
  await expect(page).toHaveURL(/label=Real.*wrong=v2/)
  const tests = page.getByLabel('Test set')
  const answer = await page.request.get('/api/compare', {
    params: { models: MODELS.join(','), dataset: 'All' },
  })
  const { n_real, n_fake } = (await answer.json()) as { n_real: number; n_fake: number }
  await tests.selectOption('All · test · original')
  await expect(sample).toContainText(
    `: ${n_real.toLocaleString('en')} real, ${n_fake.toLocaleString('en')} fake.`,
  )
})

test('the same picture goes through the chosen models only', async ({ page }) => {
  await page.getByRole('checkbox', { name: 'v2' }).uncheck()
  await expect(page).toHaveURL(/models=/)
  await open(page, 'Your picture')
  const same = section(page, 'One picture, all selected models')
  await same.locator('input[type=file]').first().setInputFiles(picture())
  const headline = 'Only teaching models gave a verdict, and they have no vote.'
  await expect(same.getByRole('heading', { name: headline })).toBeVisible()
  await drop(page, { ...picture(), name: 'dropped.png' })
  await expect(same.getByText('dropped.png').first()).toBeVisible()
  await expect(same.getByRole('heading', { name: headline })).toBeVisible()
  const others = same.getByRole('region', { name: 'Other models' }).locator('summary')
  await expect(others.filter({ hasText: 'v1' })).toHaveCount(1)
  await expect(others.filter({ hasText: 'v2' })).toHaveCount(0)
  await page.getByRole('checkbox', { name: 'v2' }).check()
  await expect(others.filter({ hasText: 'v2' })).toHaveCount(1)
  await expect(page).toHaveURL(/\/compare/)
})

test('a model that was not measured says so, with the command', async ({ page }) => {
  const answer = await page.request.get('/api/models')
  const list = (await answer.json()) as { models: { name: string; evaluation: unknown }[] }
  const models = list.models.map((row) => (row.name === 'v3' ? { ...row, evaluation: null } : row))
  await page.route('**/api/models', (route) => route.fulfill({ json: { ...list, models } }))
  await page.reload()
  await expect(page.getByText('v3 has not been evaluated yet. Run:')).toBeVisible()
  await expect(page.getByText('detection-model eval run v3 --data FOLDER')).toBeVisible()
})
