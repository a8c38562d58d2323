import type { Size } from './files'

/** Pixels of the longer side. */
const THUMBNAIL_SIDE = 320
const THUMBNAIL_QUALITY = 0.8

/** The picture scaled down, as a JPEG; null if the browser cannot read its format. */
export function makeThumbnail(picture: Blob): Promise<Blob | null> {
  return scaledJpeg(picture, THUMBNAIL_QUALITY, ({ width, height }) =>
    Math.min(1, THUMBNAIL_SIDE / Math.max(width, height)),
  )
}

/**
 * A scaled copy as an upright JPEG without metadata; null if the browser cannot read the picture.
 * `scaleOf` gives the factor for its size, and `quality` is in [0, 1].
 */
export async function scaledJpeg(
  picture: Blob,
  quality: number,
  scaleOf: (size: Size) => number,
): Promise<Blob | null> {
  const bitmap = await createImageBitmap(picture).catch(() => null)
  if (!bitmap) return null
  const scale = scaleOf(bitmap)
  const canvas = document.createElement('canvas')
  canvas.width = Math.max(1, Math.floor(bitmap.width * scale))
  canvas.height = Math.max(1, Math.floor(bitmap.height * scale))
  canvas.getContext('2d')?.drawImage(bitmap, 0, 0, canvas.width, canvas.height)
  bitmap.close()
  return new Promise((resolve) => {
    canvas.toBlob(resolve, 'image/jpeg', quality)
  })
}
