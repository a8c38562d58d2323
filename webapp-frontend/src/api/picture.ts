import { ApiFailure } from './failure'

/** The API refuses anything larger, so it need not travel. */
const MAX_BYTES = 10 * 1024 * 1024

/** A picture as what a request sends: a form with one file, and other fields if there are any. */
export function pictureForm<Fields extends Record<string, string | boolean>>(
  file: File,
  fields?: Fields,
) {
  if (file.size > MAX_BYTES) throw new ApiFailure('too_large')
  return {
    // The generated types have no word for a file: they call it a string.
    body: { image: file as unknown as string, ...fields } as { image: string } & Fields,
    bodySerializer: () => {
      const form = new FormData()
      form.append('image', file)
      for (const [name, value] of Object.entries(fields ?? {})) form.append(name, String(value))
      return form
    },
  }
}
