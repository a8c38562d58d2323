/** What the service takes; it says so itself where it was set up otherwise. */
export const MAX_ARCHIVE_BYTES = 200 * 1024 * 1024
export const MAX_ARCHIVE_FILES = 10_000
/** What a file chooser offers as archives. */
export const ARCHIVE_TYPES = '.zip,application/zip,application/x-zip-compressed'

/** `several`: files that are not packed; `other`: a folder, or a file that is no ZIP. */
export type ArchiveProblem = 'several' | 'picture' | 'other' | 'tooLarge'

type Given = Pick<File, 'name' | 'size' | 'type'>

/** Why files are not worth sending as an archive; null where there is one that may do. */
export function archiveProblem(files: readonly Given[]): ArchiveProblem | null {
  const [file, ...others] = files
  if (!file || others.length) return 'several'
  if (file.type.startsWith('image/')) return 'picture'
  // A folder, too, comes as a file: without a type, and it cannot be read.
  if (!/\.zip$/i.test(file.name) && !ARCHIVE_TYPES.split(',').includes(file.type)) return 'other'
  return file.size > MAX_ARCHIVE_BYTES ? 'tooLarge' : null
}

/** Which models are to judge: the active one, all, or those named; and how. */
export interface Judges {
  which: 'active' | 'all' | 'chosen'
  names: string[]
  /** Whole pictures, also by models made for faces. */
  whole: boolean
  /** Each picture also after small changes. */
  changes: boolean
}

/** What the API is asked beside the archive, without what it does anyhow; null: no model named. */
export function jobQuery({ which, names, whole, changes }: Judges): Record<string, string> | null {
  if (which === 'chosen' && !names.length) return null
  return {
    ...(which !== 'active' && { models: which === 'all' ? 'all' : names.join(',') }),
    ...(whole && { whole: 'true' }),
    ...(changes && { stability: 'always' }),
  }
}
