/** Pictures in `public/examples/`, made by `tools/examples.py`. */
export const EXAMPLES = ['portrait', 'blended', 'lowquality', 'drawing', 'credited'] as const
export type ExampleName = (typeof EXAMPLES)[number]

const FOLDER = '/examples/'

export function thumbnailUrl(name: ExampleName): string {
  return `${FOLDER}${name}.webp`
}

/** Fetches an example; null if the connection is lost. */
export async function loadExample(name: ExampleName): Promise<File | null> {
  const response = await fetch(`${FOLDER}${name}.jpg`).catch(() => null)
  if (!response?.ok) return null
  const content = await response.blob().catch(() => null)
  return content && new File([content], `${name}.jpg`, { type: 'image/jpeg' })
}
