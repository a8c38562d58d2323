import type { Page } from '@playwright/test'
import { enrich } from './rich'
import { expect, test } from './test'

function card(page: Page, name: string) {
  return page.getByRole('article', { name, exact: true })
}

function part(page: Page, name: string, title: string) {
  return card(page, name).getByRole('button', { name: new RegExp(`^${title}`) })
}

test.beforeEach(async ({ page }) => {
  await page.goto('/models')
})

test('every model shows its card and what was measured', async ({ page, models }) => {
  await expect(page.getByRole('article')).toHaveCount(models.names.length)
  for (const name of models.names) {
    await expect(card(page, name).getByText('Ready')).toBeVisible()
    await expect(card(page, name).getByText('Parameters')).toBeVisible()
    await expect(card(page, name).getByText(/1 is (Fake|Real)|softmax over/)).toBeVisible()
  }
  const v1 = card(page, 'v1')
  await expect(v1.getByText(/faces: \d+ real, \d+ fake\.$/)).toBeVisible()
  await expect(v1.getByRole('note')).toContainText('told apart without a look at the pixels')
  await part(page, 'v1', 'All metrics').click()
  await expect(v1.getByRole('columnheader', { name: '95% interval' })).toBeVisible()
  for (const metric of ['Accuracy', 'Accuracy on real pictures', 'Area under the ROC curve', 'Brier score']) {
    await expect(v1.getByRole('row', { name: new RegExp(`^${metric} (?!on )`) })).toContainText(/\d%? to \d/)
  }
})

test('the curves are read by keyboard, and as tables', async ({ page }) => {
  const v1 = card(page, 'v1')
  await part(page, 'v1', 'ROC and precision-recall').click()
  const roc = v1.getByRole('slider', { name: 'ROC curve' })
  await expect(roc).toHaveAttribute('aria-valuetext', /^At a false positive rate of 5%, True positive rate \(fakes detected\) \d/)
  await roc.press('ArrowRight')
  await expect(roc).toHaveAttribute('aria-valuetext', /^At a false positive rate of 6%/)
  await roc.press('End')
  await expect(v1.getByText('True positive rate (fakes detected) 100.0%')).toBeVisible()
  const recall = v1.getByRole('slider', { name: 'Precision-recall curve' })
  await recall.press('End')
  await expect(recall).toHaveAttribute('aria-valuetext', /^At a recall of 100%, Precision 50\.0%$/)
  await v1.getByText('Show as a table ROC curve').press('Enter')
  await expect(v1.getByRole('table', { name: 'ROC curve' }).getByRole('row')).toHaveCount(22)
  await part(page, 'v1', 'Calibration').click()
  const diagram = v1.getByRole('slider', { name: 'Reliability diagram' })
  await expect(diagram).toHaveAttribute('aria-valuetext', /^At a mean predicted probability of \d.*Observed share of fakes \d/)
  await expect(v1.getByText(/Each point averages about \d+ faces/)).toBeVisible()
})

test('the metrics over the threshold start at the one in force', async ({ page, request }) => {
  const v1 = card(page, 'v1')
  await part(page, 'v1', 'Metrics by threshold').click()
  const chart = v1.getByRole('slider', { name: 'Metrics by threshold' })
  await expect(chart).toHaveAttribute('aria-valuetext', /^At the threshold 50%, Accuracy .* F1 score \d/)
  try {
    await v1.getByRole('spinbutton').fill('90')
    await v1.getByRole('button', { name: 'Save' }).click()
    await expect(v1.getByText('marks the current threshold, 90%')).toBeVisible()
    await expect(chart).toHaveAttribute('aria-valuetext', /^At the threshold 90%/)
    await chart.press('ArrowLeft')
    await expect(chart).toHaveAttribute('aria-valuetext', /^At the threshold 89\.5%/)
    await chart.press('Escape')
    await expect(chart).toHaveAttribute('aria-valuetext', /^At the threshold 90%/)
  } finally {
    await request.patch('/api/models/v1', { data: { threshold: null } })
  }
})

test('an ensemble links to its members, and a rich evaluation opens part by part', async ({ page }) => {
  await enrich(page)
  await page.reload()
  const v3 = card(page, 'v3')
  await expect(v3.getByRole('note')).toContainText('12 pictures are in the training split too')
  await part(page, 'v3', 'Calibration').click()
  await expect(v3.getByRole('row', { name: /^test/ })).toContainText('0.2100 → 0.0800')
  await part(page, 'v3', 'Data sets').click()
  await expect(v3.getByRole('row', { name: / · Stable Diffusion 1\.5/ })).toBeVisible()
  await part(page, 'v3', 'Robustness').click()
  await expect(v3.getByRole('row', { name: /^JPEG, quality 60/ })).toContainText('0.0 points')
  await expect(v3.getByText('per member').first()).toBeVisible()
  await v3.getByRole('link', { name: 'v1' }).click()
  await expect(page).toHaveURL(/#model-v1$/)
  await expect(card(page, 'v1')).toBeFocused()
  const header = (await page.getByRole('banner').boundingBox())?.height ?? 0
  const top = async () => (await card(page, 'v1').boundingBox())?.y ?? 0
  await expect.poll(top).toBeGreaterThan(header)
  await expect(card(page, 'v1')).toBeInViewport()
})

test('a threshold is set, holds after a reload, and is reset', async ({ page, request }) => {
  const v1 = card(page, 'v1')
  try {
    await v1.getByRole('spinbutton').fill('90')
    await v1.getByRole('button', { name: 'Save' }).click()
    await expect(v1.getByRole('status')).toContainText('90% (set on the Models page)')
    await page.reload()
    await expect(v1.getByRole('status')).toContainText('90% (set on the Models page)')
    await v1.getByRole('button', { name: "Reset to the model's default" }).click()
    await expect(v1.getByRole('status')).not.toContainText('set on the Models page')
  } finally {
    await request.patch('/api/models/v1', { data: { threshold: null } })
  }
})

test('the slider works from the keyboard', async ({ page }) => {
  const slider = card(page, 'v2').getByRole('slider', { name: 'Threshold of v2' })
  const before = Number(await slider.getAttribute('aria-valuenow'))
  await slider.focus()
  await page.keyboard.press('ArrowRight')
  const after = await card(page, 'v2').getByRole('spinbutton').inputValue()
  expect(Number(after)).toBe(Math.round(before) + 1)
})

test('another model is made active, and back', async ({ page, request }) => {
  const { active } = (await (await request.get('/api/models')).json()) as { active: string }
  const other = active === 'v1' ? 'v2' : 'v1'
  for (const name of [other, active]) {
    await page.getByRole('button', { name: `Make ${name} the active model` }).click()
    await expect(card(page, name).getByText('Active', { exact: true })).toBeVisible()
    await expect(page.getByText('Active', { exact: true })).toHaveCount(1)
  }
})
