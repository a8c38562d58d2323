import type { Page } from '@playwright/test'
import { expect, test } from './test'

interface List {
  models: { name: string; file: { name: string } }[]
  folder: { shown_as: string; files: { name: string }[] }
}

function file(page: Page, name: string) {
  return page.getByRole('listitem').filter({ has: page.getByText(name, { exact: true }) })
}

test('the guide shows the folder, the steps and the state of every file as it changes', async ({
  page,
  request,
}) => {
  await page.goto('/models')
  await page.getByRole('link', { name: 'Mount a model' }).click()
  await expect(page.getByRole('heading', { name: 'Mount a model', level: 1 })).toBeFocused()

  const list = (await (await request.get('/api/models')).json()) as List
  await expect(page.getByRole('heading', { name: `Files in ${list.folder.shown_as}` })).toBeVisible()
  for (const { name } of list.folder.files) await expect(file(page, name)).toBeVisible()
  await expect(file(page, 'v1.keras')).toContainText('Ready')
  await expect(file(page, 'v1.json')).toContainText('Card of v1')
  await expect(page.getByText('detection-model model card NAME --data FOLDER')).toBeVisible()

  const [first] = list.models
  const problem = 'It is no Keras file: it cannot be opened.'
  const broken = { ...first, name: 'bad', state: 'broken', problem, file: { ...first?.file, name: 'bad.keras' } }
  const assumed = { ...first, name: 'own', assumptions: ['1 means Fake'], file: { ...first?.file, name: 'own.h5' } }
  const added = [
    { name: 'bad.keras', role: 'model', model: 'bad', problem: null },
    { name: 'own.h5', role: 'model', model: 'own', problem: null },
  ]
  const json = {
    ...list,
    models: [...list.models, broken, assumed],
    folder: { ...list.folder, files: [...list.folder.files, ...added] },
  }
  await page.route('**/api/models', (route) => route.fulfill({ json }))
  await expect(file(page, 'bad.keras')).toContainText('Invalid')
  await expect(file(page, 'bad.keras')).toContainText(problem)
  await expect(file(page, 'own.h5')).toContainText('Served with assumptions')
  await expect(file(page, 'own.h5')).toContainText('detection-model model card own --data FOLDER')
})
