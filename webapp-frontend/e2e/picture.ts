import { readFileSync } from 'node:fs'
import { crc32, deflateSync } from 'node:zlib'
import { expect, type Page } from '@playwright/test'

export interface Sent {
  name: string
  mimeType: string
  buffer: Buffer
}

/** The face that `FACE` names, or else a drawn gradient: every model has an opinion on either. */
export function picture(): Sent {
  const { FACE } = process.env
  if (FACE) return { name: 'face.jpg', mimeType: 'image/jpeg', buffer: readFileSync(FACE) }
  return { name: 'gradient.png', mimeType: 'image/png', buffer: gradient(128) }
}

export const NO_PICTURE: Sent = {
  name: 'notes.jpg',
  mimeType: 'image/jpeg',
  buffer: Buffer.from('These are words and not a picture.'),
}

/** Drops files in the middle of the page's body, as the system would. */
export async function drop(page: Page, ...files: Sent[]) {
  // The page takes files from its first heading on.
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  const dataTransfer = await transferOf(page, files)
  await page.dispatchEvent('body', 'dragenter', { dataTransfer })
  await page.dispatchEvent('body', 'drop', { dataTransfer })
}

/** Opens the rows of the models that do not lead. */
export async function unfold(page: Page) {
  const others = page.getByRole('region', { name: 'Other models' })
  await expect(others).toBeVisible()
  for (const row of await others.locator('> details').all()) {
    const isOpen = (await row.getAttribute('open')) !== null
    if (!isOpen) await row.locator('> summary').click()
  }
}

/** Pastes a file as Ctrl+V would. */
export async function paste(page: Page, file: Sent) {
  const clipboardData = await transferOf(page, [file])
  await clipboardData.evaluate((data) => {
    const event = new ClipboardEvent('paste', { bubbles: true, clipboardData: data })
    document.body.dispatchEvent(event)
  })
}

function transferOf(page: Page, files: Sent[]) {
  const plain = files.map(({ buffer, ...file }) => ({ ...file, base64: buffer.toString('base64') }))
  return page.evaluateHandle((given) => {
    const data = new DataTransfer()
    for (const { name, mimeType, base64 } of given) {
      const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
      data.items.add(new File([bytes], name, { type: mimeType }))
    }
    return data
  }, plain)
}

/** A square RGB PNG. */
export function gradient(side: number): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(side, 0)
  header.writeUInt32BE(side, 4)
  header.set([8, 2, 0, 0, 0], 8)
  const row = (y: number) => [0, ...Array.from({ length: side }, (_, x) => [x, y, x ^ y]).flat()]
  const pixels = Buffer.from(Array.from({ length: side }, (_, y) => row(y)).flat())
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(pixels)),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

/** A square grey TIFF: the service reads it, browsers do not. */
export function tiff(side: number): Buffer {
  const entries = [
    [256, side], // width
    [257, side], // height
    [258, 8], // bits
    [259, 1], // not compressed
    [262, 1], // 0 is black
    [273, 8 + 2 + 8 * 12 + 4], // where the pixels begin
    [278, side], // rows in the strip
    [279, side * side], // bytes in the strip
  ]
  const directory = Buffer.alloc(2 + entries.length * 12 + 4)
  directory.writeUInt16LE(entries.length, 0)
  entries.forEach(([tag = 0, value = 0], index) => {
    const at = 2 + index * 12
    directory.writeUInt16LE(tag, at)
    directory.writeUInt16LE(4, at + 2)
    directory.writeUInt32LE(1, at + 4)
    directory.writeUInt32LE(value, at + 8)
  })
  const pixels = Buffer.from(Array.from({ length: side * side }, (_, at) => (at * 7) % 256))
  return Buffer.concat([Buffer.from([0x49, 0x49, 42, 0, 8, 0, 0, 0]), directory, pixels])
}

export function chunk(name: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name), data])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(data.length)
  const checksum = Buffer.alloc(4)
  checksum.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, checksum])
}
