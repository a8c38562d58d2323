import type { Page } from '@playwright/test'
import { drop, picture } from './picture'
import { expect, test } from './test'

const MODELS = ['v1', 'v2', 'v3']

function section(page: Page, name: string) {
  return page.getByRole('region', { name, exact: true }).first()
}

test.beforeEach(async ({ page }) => {
  await page.goto('/compare')
  await expect(section(page, 'Measurements').getByRole('rowheader', { name: /^Accuracy/ })).toBeVisible()
})

test('every metric stands with its interval and the size of the sample', async ({ page }) => {
  const measured = section(page, 'Measurements')
  for (const name of MODELS) {
    const header = measured.getByRole('columnheader', { name: new RegExp(`^${name} `) })
    await expect(header).toHaveText(/\d+ faces: \d+ real, \d+ fake\./)
  }
  for (const metric of ['Accuracy', 'Precision', 'Recall', 'F1 score', 'Equal error rate']) {
    const row = measured.getByRole('row', { name: new RegExp(`^${metric}`) })
    await expect(row.getByText(/\d+(\.\d+)?%? to \d/)).toHaveCount(3)
    await expect(row).toContainText(/No clear difference|is better|Not comparable/)
  }
})

test('the choice of models stands in the address and holds everywhere', async ({ page }) => {
  await page.getByRole('checkbox', { name: 'v2' }).uncheck()
  await expect(page).toHaveURL(/\?models=v1(,|%2C)v3$/)
  const measured = section(page, 'Measurements')
  await expect(measured.getByRole('columnheader', { name: /^v2/ })).toHaveCount(0)
  await page.reload()
  await expect(measured.getByRole('columnheader', { name: /^v3/ })).toBeVisible()
  await expect(measured.getByRole('columnheader', { name: /^v2/ })).toHaveCount(0)
  await expect(section(page, 'Where they disagree').getByText(/^v1 and v3: only v1/)).toBeVisible()
  await page.getByRole('checkbox', { name: 'v3' }).uncheck()
  await expect(page.getByText('Choose two or more models.')).toBeVisible()
})

test('ROC curves are read by keyboard, and confusion matrices stand below', async ({ page }) => {
  const roc = section(page, 'ROC curves')
  const chart = roc.getByRole('slider')
  await expect(roc.getByRole('columnheader', { name: /at 5% false alarms/ })).toBeVisible()
  await chart.press('ArrowRight')
  await expect(chart).toHaveAttribute('aria-valuetext', /^At 6% false alarms, v1 finds \d+/)
  await chart.press('End')
  await expect(roc.getByRole('cell', { name: '100.0%', exact: true })).toHaveCount(3)
  await expect(section(page, 'Right and wrong').getByRole('table')).toHaveCount(3)
})

test('the training curves of the models are overlaid', async ({ page }) => {
  const training = section(page, 'Training curves')
  await expect(training.getByRole('slider', { name: /chosen runs/ })).toBeVisible()
  for (const name of MODELS) {
    await expect(
      training.getByRole('rowheader', { name: new RegExp(`^${name}/\\S+ validation$`) }),
    ).toBeVisible()
  }
})

test('the models are timed one after the other', async ({ page }) => {
  const speed = section(page, 'Size and speed')
  await expect(speed.getByText('not measured yet')).toHaveCount(3)
  await speed.getByRole('button', { name: 'Measure now' }).click()
  await expect(speed.getByText(/^[\d.]+ ms to [\d.]+ ms in \d+ calls$/)).toHaveCount(3)
  await expect(speed.getByText('3,696,625')).toBeVisible()
})

test('the pictures on which they disagree are counted, filtered and paged', async ({ page }) => {
  const part = section(page, 'Where they disagree')
  const sample = part.getByText(/^\d+ pictures of .+: \d+ real, \d+ fake\.$/)
  await expect(sample).toBeVisible()
  await expect(part.getByText(/^v\d and v\d: only v\d is right on \d+/)).toHaveCount(3)
  const tiles = part.getByRole('figure')
  await expect(tiles.first()).toContainText(/v1: (Real|Fake), (right|wrong) \(.*% fake\)/)
  const firstName = await tiles.first().locator('.name').textContent()
  await part.getByRole('button', { name: /Next page/ }).click()
  await expect(tiles.first()).not.toContainText(firstName ?? '')
  await part.getByLabel('Really').selectOption('Real')
  await expect(part.getByText('Really a fake')).toHaveCount(0)
  await part.getByLabel('Wrong model').selectOption('v2')
  await expect(tiles.first()).toContainText(/v2: Fake, wrong/)
  const tests = section(page, 'Measurements').getByLabel('Test pictures')
  await tests.selectOption('All · test · original')
  await expect(sample).toHaveText('580 pictures of All, test: 248 real, 332 fake.')
})

test('the same picture goes through the chosen models only', async ({ page }) => {
  await page.getByRole('checkbox', { name: 'v2' }).uncheck()
  await expect(page).toHaveURL(/models=/)
  await drop(page, picture())
  const same = section(page, 'The same picture through these models')
  await expect(same.getByText(/of 2 models say|The 2 models|2 of 2/).first()).toBeVisible()
  await expect(same.getByRole('article')).toHaveCount(2)
  await page.getByRole('checkbox', { name: 'v2' }).check()
  await expect(same.getByRole('article')).toHaveCount(3)
  await expect(page).toHaveURL(/\/compare/)
})

test('a model that was not measured says so, with the command', async ({ page }) => {
  const answer = await page.request.get('/api/models')
  const list = (await answer.json()) as { models: { name: string; evaluation: unknown }[] }
  const models = list.models.map((row) => (row.name === 'v3' ? { ...row, evaluation: null } : row))
  await page.route('**/api/models', (route) => route.fulfill({ json: { ...list, models } }))
  await page.reload()
  await expect(page.getByText('Nobody has measured v3 yet.')).toBeVisible()
  await expect(page.getByText('detection-model evaluate v3 --data FOLDER')).toBeVisible()
})
