import { deflateSync } from 'node:zlib'
import { chunk, picture, type Sent } from './picture'
import { expect, test } from './test'

const SETTINGS = 'a face\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1'

/** The drawn picture with a generator's settings in a packed text. */
function generated(): Sent {
  const plain = picture()
  const text = Buffer.concat([Buffer.from('parameters\0\0'), deflateSync(Buffer.from(SETTINGS))])
  const end = plain.buffer.length - 12
  const parts = [plain.buffer.subarray(0, end), chunk('zTXt', text), plain.buffer.subarray(end)]
  return { ...plain, name: 'generated.png', buffer: Buffer.concat(parts) }
}

test('a file that says it was generated says so beside the verdict, whatever the models say', async ({ page }) => {
  test.skip(Boolean(process.env.FACE), 'the drawn picture is a PNG')
  await page.goto('/')
  await page.setInputFiles('input[type=file]', generated())
  const line = page.locator('p.provenance')
  await expect(line).toHaveText(
    'The file says that it was generated. It names Stable Diffusion. Not signed: anyone can write this.',
  )
  await page.goto('/history')
  const entry = page.getByRole('article', { name: 'generated.png' }).first()
  await expect(entry).toContainText('The file says that it was generated.')
})

test('a file without a word about itself says that quietly', async ({ page }) => {
  await page.goto('/')
  await page.setInputFiles('input[type=file]', picture())
  await expect(page.locator('p.provenance')).toHaveText('The file does not say how it was made.')
})
