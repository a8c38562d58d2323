import type { Page } from '@playwright/test'
import { expectNoFaults } from './faults'
import { picture } from './picture'
import { expect, test } from './test'

// The first heat map after a while has to wait for TensorFlow.
test.describe.configure({ timeout: 300_000 })

const ASKED = /\/api\/(explain|forensics|provenance|report|cases)/

/** Has a picture judged and scrolls to what stands behind the verdicts. */
async function examine(page: Page, tab: 'Forensics' | 'Heat map' | 'Provenance') {
  await page.goto('/')
  await page.setInputFiles('input[type=file]', picture())
  await page.getByRole('heading', { name: 'Examine this verdict' }).scrollIntoViewIfNeeded()
  await page.getByRole('tab', { name: tab }).click()
}

function heatMap(page: Page) {
  return page.getByRole('img', { name: /^(Strongest evidence for|No region of the) / })
}

/** Has the file say that it was generated, signed by someone unknown, with a place in it. */
async function plantProvenance(page: Page) {
  await page.route('**/api/provenance?*', async (route) => {
    const personal = route.request().url().includes('personal=true')
    const response = await route.fetch()
    const claim = { source: 'c2pa', field: 'c2pa.created', says: 'trainedAlgorithmicMedia' }
    const credentials = {
      state: 'unknown_signer',
      signer: 'Somebody',
      actions: [{ action: 'c2pa.created', software: 'Painter', source_type: claim.says }],
      ingredients: 0,
      problems: [],
    }
    const place = { source: 'exif', name: 'GPSLatitude', value: personal ? '48.2' : null, cut: false }
    const planted = {
      says_generated: true,
      claims: [{ ...claim, extent: 'whole', signature: 'unknown_signer' }],
      credentials,
      entries: [place],
      masked: personal ? 0 : 1,
    }
    const json = { ...((await response.json()) as object), ...planted }
    await route.fulfill({ response, json })
  })
}

test('the gallery fills by itself, and a view grows over its original', async ({ page }) => {
  const asked: string[] = []
  page.on('request', (request) => {
    if (ASKED.test(request.url())) asked.push(new URL(request.url()).pathname)
  })
  await page.setViewportSize({ width: 1280, height: 400 })
  await page.goto('/')
  await page.setInputFiles('input[type=file]', picture())
  const title = page.getByRole('heading', { name: 'Examine this verdict' })
  await expect(title).toBeAttached()
  // Below the fold, neither its code nor a view is requested.
  expect(asked).toEqual([])
  await title.scrollIntoViewIfNeeded()
  const gallery = page.getByRole('tabpanel', { name: 'Forensics' })
  await expect(gallery.getByRole('heading', { level: 3 })).toHaveCount(6)
  await expect(gallery.getByRole('button', { disabled: true })).toHaveCount(0)
  expect(new Set(asked.map((path) => path.split('/')[2]))).toEqual(new Set(['forensics']))

  const noise = gallery.getByRole('button', { name: 'Noise residual' })
  await noise.press('Enter')
  await expect(noise).toHaveAttribute('aria-expanded', 'true')
  await expect(noise).toBeFocused()
  const view = gallery.getByRole('img', { name: 'Noise residual, amplified' })
  const divider = gallery.getByRole('slider', { name: /^Divider: picture on the left/ })
  await divider.press('End')
  await expect(view).toHaveCSS('clip-path', 'inset(0px 0px 0px 100%)')
  await divider.press('Home')
  await expect(view).toHaveCSS('clip-path', 'inset(0px 0px 0px 0%)')
  await expect(gallery.getByText('uneven noise does not prove an edit')).toBeVisible()
  await gallery.getByRole('button', { name: 'JPEG compression' }).click()
  await expect(view).toHaveCount(0)
  await expect(page.getByText('Luminance').or(page.getByText('This file is not a JPEG'))).toBeVisible()
})

test('a heat map comes by itself when its tab is opened, and the address keeps the tab', async ({ page }) => {
  await examine(page, 'Heat map')
  await expect(page).toHaveURL(/examine=heat/)
  await expect(page.getByText(/^(None|\d) of \d models finds? signs of generation/)).toBeVisible()
  await page.getByRole('radio', { name: /^v3 / }).check({ force: true })
  await expect(heatMap(page)).toBeVisible({ timeout: 200_000 })
  await expect(page.getByText('Evidence for Fake', { exact: true })).toBeVisible()
})

test('the keyboard alone changes the layers and reads the values', async ({ page }) => {
  await examine(page, 'Heat map')
  await page.getByRole('radio', { name: /^v3 / }).check({ force: true })
  await expect(heatMap(page)).toBeVisible({ timeout: 200_000 })
  const opacity = page.getByRole('slider', { name: 'Opacity' })
  await opacity.press('Home')
  await expect(heatMap(page)).toHaveCSS('opacity', '0')
  await opacity.press('End')
  await expect(heatMap(page)).toHaveCSS('opacity', '1')

  await page.getByRole('radio', { name: 'Side by side' }).check({ force: true })
  const handle = page.getByRole('slider', { name: 'Divider: picture on the left, heat map on the right' })
  await handle.press('End')
  await expect(handle).toHaveAttribute('aria-valuetext', 'Heat map from 100% of the width')
  await handle.press('ArrowLeft')
  await expect(heatMap(page)).toHaveCSS('clip-path', 'inset(0px 0px 0px 99%)')

  const values = page.getByRole('application', { name: 'Heat map values' })
  await values.press('Home')
  const told = /(of the maximum|No influence|Outside the model's input)\.?/
  await expect(page.locator('p[aria-live=polite]', { hasText: told })).toHaveCount(1)
  const box = await values.boundingBox()
  if (!box) throw new Error('nothing is shown')
  await page.mouse.move(box.x + box.width * 0.9, box.y + box.height / 4)
  await expect(values.getByText(told)).toBeVisible()

  // The handle can be taken anywhere along its line.
  const y = box.y + box.height / 5
  await page.mouse.move(box.x + box.width * 0.99, y)
  await page.mouse.down()
  await page.mouse.move(box.x + box.width * 0.3, y, { steps: 4 })
  await page.mouse.up()
  await expect(handle).toHaveAttribute('aria-valuetext', /from (29|30|31)% of the width/)
})

test('a slow method waits to be asked, shows how far it is and can be cancelled', async ({ page }) => {
  await examine(page, 'Heat map')
  await page.getByRole('combobox', { name: 'Method' }).selectOption('LIME')
  await page.getByRole('button', { name: 'Compute the heat map' }).click()
  await expect(page.getByRole('progressbar', { name: 'Heat map' })).toBeVisible()
  await page.getByRole('button', { name: 'Cancel' }).click()
  await expect(page.getByRole('button', { name: 'Compute the heat map' })).toBeVisible()
})

test('a heat map that cannot be had says why, and can be asked for again', async ({ page }) => {
  const message = 'This model has no feature map.'
  await page.route('**/api/explain?*', (route) =>
    route.fulfill({ status: 409, json: { success: false, error: 'explanation_failed', message } }),
  )
  await examine(page, 'Heat map')
  await expect(page.getByRole('alert')).toContainText(message)
  await page.unroute('**/api/explain?*')
  await page.getByRole('button', { name: 'Try again' }).click()
  await expect(page.getByRole('alert')).toHaveCount(0)
})

test('the file has its own word, and personal fields are shown on demand', async ({ page }) => {
  await plantProvenance(page)
  await examine(page, 'Provenance')
  await expect(page.getByRole('region', { name: /generated/ })).toContainText('by an unknown signer')
  await expect(page.getByText('Valid, unknown signer')).toBeVisible()
  const place = page.getByRole('row', { name: /GPSLatitude/ })
  await expect(place).toContainText('hidden')
  await page.getByRole('button', { name: 'Show 1 personal field' }).click()
  await expect(place).toContainText('48.2')
})

test('a report is saved, and an objection is sent', async ({ page }) => {
  await page.goto('/')
  await page.setInputFiles('input[type=file]', picture())
  const download = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Report (JSON)' }).click()
  expect((await download).suggestedFilename()).toMatch(/-report\.json$/)

  const wrong = page.getByRole('button', { name: 'Report a wrong verdict…' })
  const dialog = page.getByRole('dialog', { name: 'Report a wrong verdict' })
  await wrong.click()
  await expect(dialog).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(dialog).toBeHidden()
  await expect(wrong).toBeFocused()
  await wrong.press('Enter')
  await dialog.getByText('Real', { exact: true }).click()
  await expect(dialog.getByRole('radio', { name: 'Real' })).toBeChecked()
  await dialog.getByRole('button', { name: 'Send' }).click()
  await expect(dialog.getByText('Your report was saved without the picture.')).toBeFocused()
})

test('the examination has no accessibility faults and fits', async ({ page }) => {
  await plantProvenance(page)
  await examine(page, 'Heat map')
  await page.getByRole('radio', { name: /^v3 / }).check({ force: true })
  await page.getByRole('radio', { name: 'Side by side' }).check({ force: true, timeout: 200_000 })
  await page.getByRole('application').focus()
  await expectNoFaults(page, 'a heat map')
  await page.getByRole('tab', { name: 'Forensics' }).click()
  await expectNoFaults(page, 'the gallery')
  for (const name of ['Error level', 'Frequency spectrum', 'JPEG compression']) {
    const view = page.getByRole('listitem').filter({ has: page.getByRole('button', { name }) })
    await page.getByRole('button', { name }).click()
    await expect(view.locator('dl')).toBeVisible()
    await expectNoFaults(page, name)
  }
  await page.getByRole('tab', { name: 'Provenance' }).click()
  await expect(page.getByText('Valid, unknown signer')).toBeVisible()
  await expectNoFaults(page, 'provenance')
  await page.getByRole('button', { name: 'Report a wrong verdict…' }).click()
  await expect(page.getByRole('dialog')).toBeVisible()
  await expectNoFaults(page, 'a report of a wrong verdict')
})
