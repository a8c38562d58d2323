import type { ServiceConfig } from '@/api/types'
import { pathOf } from '@/ui/folders'

/** `system`: made by an operating system; `type`: no picture; `size`: too large for the service. */
export type LeftOutReason = 'system' | 'type' | 'size'

/** What is sent of some files, and what is not. */
export interface PackingPlan {
  /** The files of each archive. */
  archives: File[][]
  leftOut: Record<LeftOutReason, File[]>
}

type Limits = Pick<ServiceConfig, 'max_archive_bytes' | 'max_archive_files' | 'max_upload_bytes'>

const PICTURE = /\.(avif|bmp|gif|heic|heif|jfif|jpe|jpe?g|mpo|png|apng|tiff?|webp)$/i
const SYSTEM = /(^|\/)(\.|__MACOSX\/|@eaDir\/)|(^|\/)(thumbs\.db|desktop\.ini)$/i
/** Of a stored file beside its content: two headers, a descriptor and twice the path (APPNOTE.TXT 4.3). */
const BYTES_PER_FILE = 30 + 46 + 16
const END_BYTES = 22

/** Shares files out to as many archives as the limits of the service need; null: no limits known. */
export function planPacking(files: File[], limits: Limits | null): PackingPlan {
  const leftOut: PackingPlan['leftOut'] = { system: [], type: [], size: [] }
  const pictures: File[] = []
  for (const file of files) {
    const reason = reasonAgainst(file, limits?.max_upload_bytes ?? Infinity)
    if (reason) leftOut[reason].push(file)
    else pictures.push(file)
  }
  return { archives: shareOut(pictures, limits), leftOut }
}

function reasonAgainst(file: File, mostBytes: number): LeftOutReason | null {
  if (SYSTEM.test(pathOf(file))) return 'system'
  if (!mayBePicture(file)) return 'type'
  return file.size > mostBytes ? 'size' : null
}

/** The service reads files by content, so a name without an ending is worth a try. */
export function mayBePicture({ name, type }: Pick<File, 'name' | 'type'>): boolean {
  return type.startsWith('image/') || PICTURE.test(name) || !/\.[^./]+$/.test(name)
}

function shareOut(pictures: File[], limits: Limits | null): File[][] {
  const archives: File[][] = []
  let current: File[] = []
  let bytes = END_BYTES
  for (const picture of pictures) {
    const size = picture.size + BYTES_PER_FILE + 2 * new TextEncoder().encode(pathOf(picture)).length
    const isFull =
      current.length >= (limits?.max_archive_files ?? Infinity) ||
      bytes + size > (limits?.max_archive_bytes ?? Infinity)
    if (isFull && current.length) {
      archives.push(current)
      current = []
      bytes = END_BYTES
    }
    current.push(picture)
    bytes += size
  }
  return current.length ? [...archives, current] : archives
}

/** The folder that all files came in; empty if they share none. */
export function commonFolder(files: File[]): string {
  const [first, ...others] = files.map((file) => pathOf(file).split('/'))
  const [folder] = first ?? []
  const isShared = (first?.length ?? 0) > 1 && others.every((parts) => parts[0] === folder && parts.length > 1)
  return isShared ? (folder ?? '') : ''
}

/** One ZIP archive of files stored as they are. Two of one path get a number. */
export async function pack(files: File[], name: string): Promise<File> {
  const { downloadZip } = await import('client-zip')
  const taken = new Set<string>()
  const entries = files.map((input) => {
    const path = freePath(pathOf(input), taken)
    taken.add(path)
    return { name: path, input }
  })
  const content = await downloadZip(entries).blob()
  return new File([content], name, { type: 'application/zip' })
}

function freePath(path: string, taken: Set<string>): string {
  const [, stem = path, ending = ''] = /^(.*?)(\.[^./]+)?$/s.exec(path) ?? []
  let free = path
  for (let n = 2; taken.has(free); n += 1) free = `${stem} (${String(n)})${ending}`
  return free
}
