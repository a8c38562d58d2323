import type { Page } from '@playwright/test'
import { expect, test } from './test'

function card(page: Page, name: string) {
  return page.getByRole('article', { name, exact: true })
}

test.beforeEach(async ({ page }) => {
  await page.goto('/models')
})

test('every model shows its card and what was measured', async ({ page }) => {
  await expect(page.getByRole('article')).toHaveCount(3)
  for (const name of ['v1', 'v2', 'v3']) {
    await expect(card(page, name).getByText('Ready')).toBeVisible()
    await expect(card(page, name).getByText('Parameters')).toBeVisible()
    await expect(card(page, name).getByText(/1 means (Fake|Real)/)).toBeVisible()
  }
  const measured = card(page, 'v1').getByRole('button', { name: /faces: \d+ real/ }).first()
  await measured.click()
  await expect(card(page, 'v1').getByRole('columnheader', { name: '95% interval' })).toBeVisible()
  await expect(card(page, 'v1').getByRole('rowheader', { name: 'Accuracy', exact: true })).toBeVisible()
})

test('a threshold is set, holds after a reload, and is reset', async ({ page, request }) => {
  const v1 = card(page, 'v1')
  try {
    await v1.getByRole('spinbutton').fill('90')
    await v1.getByRole('button', { name: 'Save' }).click()
    await expect(v1.getByRole('status')).toContainText('90% (set here)')
    await page.reload()
    await expect(v1.getByRole('status')).toContainText('90% (set here)')
    await v1.getByRole('button', { name: "Reset to the model's own" }).click()
    await expect(v1.getByRole('status')).not.toContainText('set here')
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
