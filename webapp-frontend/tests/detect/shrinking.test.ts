import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { isTooLarge, shrunkCopy } from '@/features/detect/shrinking'

const BYTES_PER_PIXEL = 2
const large = new File(['x'], 'group photo.png', { type: 'image/png' })
/** The size of each copy. */
const copies: [width: number, height: number][] = []

beforeEach(() => {
  copies.length = 0
  vi.stubGlobal('createImageBitmap', () =>
    Promise.resolve({ width: 4000, height: 1000, close: () => undefined }),
  )
  vi.spyOn(HTMLCanvasElement.prototype, 'getContext').mockReturnValue(null)
  vi.spyOn(HTMLCanvasElement.prototype, 'toBlob').mockImplementation(function (
    this: HTMLCanvasElement,
    take: BlobCallback,
  ) {
    copies.push([this.width, this.height])
    take(new Blob([new Uint8Array(this.width * this.height * BYTES_PER_PIXEL)]))
  })
})

afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

it('keeps the pixels of a file that only has too many bytes', async () => {
  const copy = await shrunkCopy(large, { max_pixels: 4e6, max_upload_bytes: 8e6 })
  expect(copies).toEqual([[4000, 1000]])
  expect(copy?.name).toBe('group photo-shrunk.jpg')
  expect(copy?.type).toBe('image/jpeg')
})

it('scales to the most pixels, with the proportions kept', async () => {
  await shrunkCopy(large, { max_pixels: 1e6, max_upload_bytes: 8e6 })
  expect(copies).toEqual([[2000, 500]])
})

it('scales until the copy has few enough bytes', async () => {
  const copy = await shrunkCopy(large, { max_pixels: 4e6, max_upload_bytes: 1e6 })
  expect(copies.length).toBe(2)
  expect(copy?.size).toBeLessThanOrEqual(1e6)
  expect(copy?.size).toBeGreaterThan(0.7e6)
})

it('gives nothing for a format that the browser cannot read', async () => {
  vi.stubGlobal('createImageBitmap', () => Promise.reject(new Error('unreadable')))
  expect(await shrunkCopy(large, null)).toBeNull()
})

it('knows which refusals a smaller copy would avoid', () => {
  expect(isTooLarge({ kind: 'too_large', code: null })).toBe(true)
  expect(isTooLarge({ kind: 'refused', code: 'too_many_pixels' })).toBe(true)
  expect(isTooLarge({ kind: 'refused', code: 'image_too_small' })).toBe(false)
})
