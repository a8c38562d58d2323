import AxeBuilder from '@axe-core/playwright'
import { writeFileSync } from 'node:fs'
import { picture } from './picture'
import { expect, test } from './test'

interface Made {
  heatmap: unknown
  heatmap_missing: string | null
}

/** Pages of a PDF file as Chromium writes it. */
function pages(pdf: Buffer) {
  return pdf.toString('latin1').match(/\/Type\s*\/Page(?!s)/g)?.length
}

/** More than the 20 s that a report waits for its heat map: four models on a busy machine. */
const REPORT_TIMEOUT = 120_000

test('a report of four models opens offline, is accessible, and prints on two pages', async ({
  browser,
  request,
}, info) => {
  const list = (await (await request.get('/api/models')).json()) as { models: { name: string }[] }
  // As many as fit: a fifth model begins a third page.
  const names = list.models.map((model) => model.name).slice(-4)
  const answer = await request.post(`/api/report?format=html&models=${names.join(',')}`, {
    multipart: { image: picture() },
    timeout: REPORT_TIMEOUT,
  })
  expect(answer.status(), await answer.text()).toBe(200)
  const file = info.outputPath('report.html')
  writeFileSync(file, await answer.body())

  const context = await browser.newContext({ offline: true, viewport: { width: 900, height: 900 } })
  const page = await context.newPage()
  const asked: string[] = []
  page.on('request', (sent) => asked.push(new URL(sent.url()).protocol))
  await page.goto(`file://${file}`)
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Report on a picture')
  await expect(page.getByRole('row', { name: new RegExp(`^${names[0]}`) })).toBeVisible()
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([])
  expect(asked.filter((protocol) => protocol !== 'file:' && protocol !== 'data:')).toEqual([])
  const shown = await page.locator('img').evaluateAll((all: HTMLImageElement[]) =>
    all.map((one) => one.naturalWidth > 0),
  )
  expect(shown).not.toContain(false)
  expect(pages(await page.pdf({ preferCSSPageSize: true }))).toBeLessThanOrEqual(2)
  await context.close()
})

test('the report as JSON tells of the heat map, or why there is none', async ({ request }) => {
  const answer = await request.post('/api/report', {
    multipart: { image: picture() },
    timeout: REPORT_TIMEOUT,
  })
  const made = (await answer.json()) as Made
  expect((made.heatmap === null) === (made.heatmap_missing !== null)).toBe(true)
  expect(answer.headers()['content-disposition']).toMatch(/^attachment; filename="report-\w+\.json"$/)
})
