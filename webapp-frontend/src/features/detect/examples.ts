/** Pictures in `public/examples/`, made by `tools/examples.py`. */
export const EXAMPLES = ['portrait', 'blended', 'lowquality', 'drawing', 'credited'] as const
export type ExampleName = (typeof EXAMPLES)[number]

const FOLDER = '/examples/'

export function thumbnailUrl(name: ExampleName): string {
  return `${FOLDER}${name}.webp`
}

/** Fetches an example; null if the connection is lost, or the server has no such file. */
export async function loadExample(name: ExampleName): Promise<File | null> {
  const response = await fetch(`${FOLDER}${name}.jpg`).catch(() => null)
  // For an unknown address the server sends the page itself.
  if (!response?.ok || !response.headers.get('Content-Type')?.startsWith('image/')) return null
  const content = await response.blob().catch(() => null)
  return content && new File([content], `${name}.jpg`, { type: 'image/jpeg' })
}
