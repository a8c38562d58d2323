/** Where the bytes of a file lie in a ZIP archive. Section numbers are those of APPNOTE.TXT 6.3. */
export interface ZipEntry {
  /** Of the local header (4.3.7). */
  offset: number
  compressedSize: number
  /** 0: stored; 8: deflated (4.4.5). */
  method: number
}

const END = 0x06054b50
const END_SIZE = 22
const MOST_COMMENT = 0xffff
const HEADER = 0x02014b50
const HEADER_SIZE = 46
const LOCAL_SIZE = 30
const STORED = 0
const DEFLATED = 8
/** Stands for a number in a ZIP64 field. */
const ELSEWHERE = 0xffffffff

/** The files of an archive by their paths; empty if this is no ZIP archive or its directory is cut off. */
export async function readZip(archive: Blob): Promise<Map<string, ZipEntry>> {
  const tail = await viewOf(archive.slice(Math.max(0, archive.size - END_SIZE - MOST_COMMENT)))
  const end = endOf(tail)
  if (end < 0) return new Map()
  const size = tail.getUint32(end + 12, true)
  const start = tail.getUint32(end + 16, true)
  return entriesOf(await viewOf(archive.slice(start, start + size)))
}

/** The end of central directory record (4.3.16): the last one that reaches to the end. */
function endOf(tail: DataView): number {
  for (let at = tail.byteLength - END_SIZE; at >= 0; at -= 1) {
    const isEnd = tail.getUint32(at, true) === END
    if (isEnd && at + END_SIZE + tail.getUint16(at + 20, true) <= tail.byteLength) return at
  }
  return -1
}

/** The central directory (4.3.12). */
function entriesOf(directory: DataView): Map<string, ZipEntry> {
  const entries = new Map<string, ZipEntry>()
  const decoder = new TextDecoder()
  let at = 0
  while (at + HEADER_SIZE <= directory.byteLength && directory.getUint32(at, true) === HEADER) {
    const nameSize = directory.getUint16(at + 28, true)
    if (at + HEADER_SIZE + nameSize > directory.byteLength) break
    const start = directory.byteOffset + at + HEADER_SIZE
    const name = decoder.decode(new Uint8Array(directory.buffer, start, nameSize))
    // The service names files in this form.
    const path = name.replaceAll('\\', '/').normalize()
    const entry = {
      offset: directory.getUint32(at + 42, true),
      compressedSize: directory.getUint32(at + 20, true),
      method: directory.getUint16(at + 10, true),
    }
    const isFile = !path.endsWith('/')
    if (isFile && entry.offset !== ELSEWHERE && entry.compressedSize !== ELSEWHERE) {
      entries.set(path, entry)
    }
    const extraSize = directory.getUint16(at + 30, true)
    const commentSize = directory.getUint16(at + 32, true)
    at += HEADER_SIZE + nameSize + extraSize + commentSize
  }
  return entries
}

/** The content of one file; null if it is compressed in a way that browsers cannot read. */
export async function openEntry(archive: Blob, entry: ZipEntry): Promise<Blob | null> {
  const local = await viewOf(archive.slice(entry.offset, entry.offset + LOCAL_SIZE))
  if (local.byteLength < LOCAL_SIZE) return null
  const start = entry.offset + LOCAL_SIZE + local.getUint16(26, true) + local.getUint16(28, true)
  const content = archive.slice(start, start + entry.compressedSize)
  if (entry.method === STORED) return content
  if (entry.method !== DEFLATED) return null
  const inflated = content.stream().pipeThrough(new DecompressionStream('deflate-raw'))
  return new Response(inflated).blob().catch(() => null)
}

async function viewOf(part: Blob): Promise<DataView> {
  return new DataView(await part.arrayBuffer())
}
