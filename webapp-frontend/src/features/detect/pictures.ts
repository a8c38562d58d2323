/** What a file chooser offers as pictures. */
export const PICTURE_TYPES = 'image/*,.tif,.tiff'

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
