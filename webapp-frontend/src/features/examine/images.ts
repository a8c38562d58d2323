import type { ForensicResult } from '@/api/types'

export type ViewImage = ForensicResult['images'][number]

export function imageUrl({ media_type, data }: ViewImage): string {
  return `data:${media_type};base64,${data}`
}

/** Whether each point of the image belongs to the same point of the picture. Spectra and charts do not. */
export function coversPicture({ name }: Pick<ViewImage, 'name'>): boolean {
  return name === 'errors' || name === 'residual'
}
