import { readFileSync } from 'node:fs'
import AxeBuilder from '@axe-core/playwright'
import type { Page } from '@playwright/test'
import { addHistoryEntry, countHistoryEntries } from './historyEntries'
import { gradient, picture, unfold } from './picture'
import { expect, test } from './test'

/** A name that no other test and no earlier run has used. */
function unique(name: string) {
  return `${name}-${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 7)}`
}

function entries(page: Page) {
  return page.getByRole('article')
}

async function search(page: Page, text: string) {
  await page.getByLabel('File name').fill(text)
}

test('a verdict appears in the history, is found, and is deleted', async ({ page, request, models }) => {
  const name = unique('walk')
  await page.goto('/')
  await page.setInputFiles('input[type=file]', { ...picture(), name: `${name}.png` })
  await unfold(page)
  await expect(page.getByRole('article')).toHaveCount(models.names.length)
  await expect.poll(() => countHistoryEntries(request, name)).toBe(1)

  await page.getByRole('link', { name: 'History', exact: true }).click()
  await expect(entries(page).first()).toContainText(name)
  await search(page, name)
  await expect(page.getByText('1–1 of 1')).toBeVisible()
  const entry = page.getByRole('article', { name: `${name}.png` })
  for (const model of models.names) await expect(entry).toContainText(model)
  await expect(entry.getByText(/^\s*(Likely fake|Likely real|Uncertain|Out of distribution)\s*$/)).toHaveCount(
    models.names.length,
  )
  await expect(entry.getByText(/% probability of fake|Not scored/)).toHaveCount(models.names.length)

  await entry.getByRole('button', { name: `Delete the entry for ${name}.png` }).click()
  await expect(page.getByRole('dialog')).toContainText('Delete 1 entry?')
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([])
  await page.getByRole('button', { name: 'Cancel' }).click()
  await expect(page.getByRole('dialog')).toHaveCount(0)
  const remove = entry.getByRole('button', { name: `Delete the entry for ${name}.png` })
  await expect(remove).toBeFocused()
  await remove.click()
  await page.getByRole('button', { name: 'Delete', exact: true }).click()
  await expect(page.getByRole('heading', { name: 'No matches' })).toBeVisible()
  await expect(page.getByRole('heading', { name: 'History', level: 1 })).toBeFocused()
  expect(await countHistoryEntries(request, name)).toBe(0)
})

test('filters narrow the list, and all that they show is deleted at once', async ({
  page,
  request,
}) => {
  const name = unique('many')
  for (const part of ['a', 'b', 'c']) await addHistoryEntry(request, `${name}-${part}.png`)
  await page.goto('/history')
  await search(page, name)
  await expect(entries(page)).toHaveCount(3)
  await page.getByLabel('Model', { exact: true }).selectOption('v2')
  await expect(entries(page)).toHaveCount(3)
  await page.getByLabel('To', { exact: true }).fill('2020-01-01')
  await expect(page.getByRole('heading', { name: 'No matches' })).toBeVisible()
  await page.getByLabel('To', { exact: true }).fill('')
  await expect(entries(page)).toHaveCount(3)

  await page.getByRole('button', { name: 'Delete the filtered entries…' }).click()
  await expect(page.getByRole('dialog')).toContainText('Delete 3 entries?')
  await page.getByRole('button', { name: 'Delete 3' }).click()
  await expect(page.getByRole('heading', { name: 'No matches' })).toBeVisible()
  await page.getByRole('button', { name: 'Clear the filter' }).last().click()
  await expect(page.getByLabel('File name')).toHaveValue('')
})

test('checks of a picture are grouped, opened again, and deleted by selection', async ({
  page,
  request,
  models,
}) => {
  const name = unique('again')
  for (const part of ['a', 'b']) await addHistoryEntry(request, `${name}-${part}.png`)
  await page.goto('/history')
  await search(page, name)
  await expect(entries(page)).toHaveCount(2)
  await page.getByRole('radio', { name: 'Each picture' }).check({ force: true })
  await expect(entries(page)).toHaveCount(1)
  const group = page.getByRole('article', { name: `${name}-b.png` })
  await group.getByText('Checked 2 times').click()
  await group.getByRole('list').getByRole('link').click()

  await expect(page.getByRole('heading', { name: `${name}-a.png`, level: 1 })).toBeVisible()
  await unfold(page)
  await expect(page.getByRole('article')).toHaveCount(models.names.length)
  await expect(page.getByText('The picture was not stored.')).toBeVisible()
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([])

  await page.getByRole('link', { name: 'Back to the history' }).click()
  await search(page, name)
  await page.getByRole('radio', { name: 'Each check' }).check({ force: true })
  await expect(entries(page)).toHaveCount(2)
  await page.getByRole('checkbox', { name: `Select ${name}-a.png` }).check()
  await expect(page.getByRole('button', { name: 'Delete 1 selected entry…' })).toBeVisible()
  await page.getByRole('checkbox', { name: 'Select all on this page' }).check()
  await page.getByRole('button', { name: 'Delete 2 selected entries…' }).click()
  await page.getByRole('button', { name: 'Delete 2', exact: true }).click()
  await expect(page.getByRole('heading', { name: 'No matches' })).toBeVisible()
  expect(await countHistoryEntries(request, name)).toBe(0)
})

test('the filtered list is saved as CSV and as JSON', async ({ page, request, models }) => {
  const name = unique('saved')
  for (const part of ['a', 'b']) await addHistoryEntry(request, `${name}-${part}.png`)
  await page.goto('/history')
  await search(page, name)
  await expect(entries(page)).toHaveCount(2)
  const csv = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Save the list as CSV' }).click()
  const [header, ...lines] = readFileSync(await (await csv).path(), 'utf8').trim().split('\n')
  expect(header).toMatch(/^created,file,model,verdict,/)
  expect(lines.map((line) => line.split(',').slice(1, 3).join())).toEqual(
    ['b', 'a'].flatMap((part) => models.names.map((model) => `${name}-${part}.png,${model}`)),
  )
  const json = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Save the list as JSON' }).click()
  const saved = JSON.parse(readFileSync(await (await json).path(), 'utf8')) as {
    entries: { image: { name: string }; provenance: unknown }[]
  }
  expect(saved.entries.map(({ image }) => image.name)).toEqual([`${name}-b.png`, `${name}-a.png`])
  expect(saved.entries[0]?.provenance).toBeTruthy()
})

test('thumbnails are kept in this browser only while the reader wants them', async ({ page, request }) => {
  const name = unique('small')
  await page.goto('/history')
  const choice = page.getByRole('checkbox', { name: 'Keep thumbnails in this browser' })
  await choice.check()
  await page.getByRole('link', { name: 'Detect', exact: true }).click()
  await page.setInputFiles('input[type=file]', { ...picture(), name: `${name}.png` })
  await expect.poll(() => countHistoryEntries(request, name), { timeout: 120_000 }).toBe(1)
  await page.getByRole('link', { name: 'History', exact: true }).click()
  const thumbnail = page.getByAltText(`Thumbnail of ${name}.png`)
  await expect(thumbnail).toBeVisible()
  await expect(thumbnail).toHaveJSProperty('complete', true)
  await choice.uncheck()
  await expect(thumbnail).toHaveCount(0)
  await choice.check()
  await page.reload()
  await expect(page.getByRole('article', { name: `${name}.png` })).toBeVisible()
  await expect(thumbnail).toHaveCount(0)
})

/** Number of thumbnails in this browser. */
function countThumbnails(page: Page) {
  return page.evaluate(
    () =>
      new Promise<number>((resolve, reject) => {
        const opening = indexedDB.open('thumbnails')
        opening.onerror = () => { reject(new Error('IndexedDB failed')) }
        opening.onsuccess = () => {
          const database = opening.result
          const counting = database.transaction('thumbnails').objectStore('thumbnails').count()
          counting.onsuccess = () => {
            database.close()
            resolve(counting.result)
          }
        }
      }),
  )
}

test('a thumbnail is deleted with the last verdict on its picture', async ({ page, request }) => {
  const name = unique('gone')
  // A picture that no other test checks.
  const buffer = gradient(150 + Math.floor(Math.random() * 300))
  const sent = { name: `${name}-a.png`, mimeType: 'image/png', buffer }
  await page.goto('/history')
  await page.getByRole('checkbox', { name: 'Keep thumbnails in this browser' }).check()
  await page.getByRole('link', { name: 'Detect', exact: true }).click()
  await page.setInputFiles('input[type=file]', sent)
  await expect.poll(() => countHistoryEntries(request, name), { timeout: 120_000 }).toBe(1)
  await addHistoryEntry(request, `${name}-b.png`, sent)
  await page.getByRole('link', { name: 'History', exact: true }).click()
  for (const [entry, left] of [['a', 1], ['b', 0]] as const) {
    await expect(page.getByAltText(`Thumbnail of ${name}-${entry}.png`)).toBeVisible()
    expect(await countThumbnails(page)).toBe(1)
    await page.getByRole('article', { name: `${name}-${entry}.png` }).getByRole('link').click()
    await expect(page.getByRole('heading', { name: `${name}-${entry}.png`, level: 1 })).toBeVisible()
    await page.getByRole('button', { name: 'Delete this entry…' }).click()
    await page.getByRole('button', { name: 'Delete', exact: true }).click()
    await expect(page.getByRole('heading', { name: 'History', level: 1 })).toBeVisible()
    expect(await countHistoryEntries(request, name)).toBe(left)
    expect(await countThumbnails(page)).toBe(left)
  }
})

test('a long file name fits a narrow screen', async ({ page, request }) => {
  const name = `${unique('long')}${'x'.repeat(80)}.png`
  await addHistoryEntry(request, name)
  await page.setViewportSize({ width: 390, height: 800 })
  await page.goto('/history')
  await search(page, name)
  await page.getByRole('article', { name }).getByRole('link').click()
  await expect(page.getByRole('heading', { name, level: 1 })).toBeVisible()
  await expect(page.getByRole('button', { name: 'Delete this entry…' })).toBeVisible()
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
})

test('without a filter all are deleted, after a question that says how many', async ({
  page,
  request,
}) => {
  await addHistoryEntry(request, unique('all'))
  await page.goto('/history')
  const total = await countHistoryEntries(request, '')
  // What people have in their history is not ours to delete: only the request is seen.
  const deletions: string[] = []
  await page.route('**/api/history', async (route) => {
    if (route.request().method() !== 'DELETE') return route.continue()
    deletions.push(new URL(route.request().url()).search)
    return route.fulfill({ json: { success: true, deleted: total } })
  })
  await page.getByRole('button', { name: 'Delete all…' }).click()
  await expect(page.getByRole('dialog')).toContainText(new RegExp(`Delete ${String(total)} entr`))
  await page.getByRole('button', { name: /^Delete (it|\d+)$/ }).click()
  await expect.poll(() => deletions).toEqual([''])
})

test('a verdict is not kept where the reader does not want it', async ({ page, request, models }) => {
  const name = unique('kept')
  await page.goto('/')
  await page.getByRole('checkbox', { name: 'Keep verdicts in the history' }).uncheck()
  await page.reload()
  await expect(page.getByRole('checkbox', { name: /Keep verdicts/ })).not.toBeChecked()
  await page.setInputFiles('input[type=file]', { ...picture(), name: `${name}-no.png` })
  await unfold(page)
  await expect(page.getByRole('article')).toHaveCount(models.names.length)
  await page.getByRole('checkbox', { name: /Keep verdicts/ }).check()
  await page.setInputFiles('input[type=file]', { ...picture(), name: `${name}-yes.png` })
  await expect.poll(() => countHistoryEntries(request, `${name}-yes`)).toBe(1)
  expect(await countHistoryEntries(request, name)).toBe(1)
})

test('a store that is down is told, and asked again', async ({ page }) => {
  const json = { success: false, error: 'store_unavailable', message: 'Cannot be reached now.' }
  await page.route('**/api/history?*', (route) => route.fulfill({ status: 503, json }))
  await page.goto('/history')
  await expect(page.getByRole('alert')).toContainText('Cannot be reached now.')
  await page.unroute('**/api/history?*')
  await page.getByRole('button', { name: 'Try again' }).click()
  await expect(page.getByRole('alert')).toHaveCount(0)
})

test('it says when nothing is kept, and when nothing is there', async ({ page }) => {
  const json = { success: true, total: 0, limit: 20, offset: 0, recording: false, entries: [] }
  await page.route('**/api/history?*', (route) => route.fulfill({ json }))
  const config = {
    history: false,
    max_upload_bytes: 1e7,
    max_pixels: 5e7,
    min_side: 32,
    max_archive_bytes: 2e8,
    max_archive_files: 1e4,
  }
  await page.route('**/api/config', (route) => route.fulfill({ json: config }))
  await page.goto('/history')
  await expect(page.getByText('This service does not store new verdicts.')).toBeVisible()
  await expect(page.getByRole('heading', { name: 'No verdicts yet' })).toBeVisible()
  await page.getByRole('link', { name: 'Check a picture' }).click()
  await expect(page.getByText('This service keeps no history, so')).toBeVisible()
})
