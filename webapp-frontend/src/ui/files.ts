/** What a file chooser offers as pictures. */
export const PICTURE_TYPES = 'image/*,.tif,.tiff,.heic,.heif,.avif'

/** The format that a file claims, such as `JPEG`; empty where it claims none. */
export function claimedFormat(file: { name: string; type: string }): string {
  const [kind, subtype] = file.type.split('/')
  if (kind === 'image' && subtype) return subtype.replace(/^x-|\+xml$/g, '').toUpperCase()
  const extension = /\.([^./\\]+)$/.exec(file.name)?.[1]
  return extension?.toUpperCase() ?? ''
}

/** A file name for what is saved about a picture, such as `-verdict.json`. */
export function fileNameAbout(picture: string, ending: string): string {
  return (picture.replace(/\.[^.]*$/, '') || 'picture') + ending
}

/** A picture's size in pixels. */
export interface Size {
  width: number
  height: number
}

const REVOKE_AFTER_MS = 60_000

/** Has the browser save a file. */
export function saveFile(content: Blob, name: string) {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(content)
  link.download = name
  link.click()
  // Safari reads the URL only after the click has been handled.
  window.setTimeout(() => {
    URL.revokeObjectURL(link.href)
  }, REVOKE_AFTER_MS)
}

/** Has the browser save a value as a JSON file. */
export function saveJson(value: unknown, name: string) {
  saveFile(new Blob([JSON.stringify(value, null, 2)], { type: 'application/json' }), name)
}
