import type { ApiFailure } from '@/api/client'
import type { ServiceConfig } from '@/api/types'
import { fileNameAbout, type Size } from '@/ui/files'
import { scaledJpeg } from '@/ui/scaling'

type Limits = Pick<ServiceConfig, 'max_pixels' | 'max_upload_bytes'>

/** Canvases of some phones hold no more. */
const CANVAS_PIXELS = 4096 * 4096
const QUALITY = 0.95
/** Against a second attempt that misses the limit by little. */
const MARGIN = 0.9
const ATTEMPTS = 5

/** True if a smaller copy of the picture would be accepted. */
export function isTooLarge({ kind, code }: Pick<ApiFailure, 'kind' | 'code'>): boolean {
  return kind === 'too_large' || code === 'file_too_large' || code === 'too_many_pixels'
}

/** The largest JPEG copy that a service accepts; null if the browser cannot make one. */
export async function shrunkCopy(file: File, limits: Limits | null): Promise<File | null> {
  const mostBytes = limits?.max_upload_bytes ?? Infinity
  const mostPixels = Math.min(limits?.max_pixels ?? Infinity, CANVAS_PIXELS)
  const fit = ({ width, height }: Size) => Math.min(1, Math.sqrt(mostPixels / (width * height)))
  let factor = 1
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const copy = await scaledJpeg(file, QUALITY, (size) => factor * fit(size))
    if (!copy) return null
    if (copy.size <= mostBytes) {
      return new File([copy], fileNameAbout(file.name, '-shrunk.jpg'), { type: 'image/jpeg' })
    }
    // The size of a JPEG grows about as its number of pixels.
    factor *= MARGIN * Math.sqrt(mostBytes / copy.size)
  }
  return null
}
