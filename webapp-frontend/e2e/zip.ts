import { crc32 } from 'node:zlib'
import type { Sent } from './picture'

/** A ZIP archive whose files are stored as they are (APPNOTE.TXT 4.3, method 0). */
export function zip(name: string, files: Pick<Sent, 'name' | 'buffer'>[]): Sent {
  const locals: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const { name: path, buffer } of files) {
    const title = Buffer.from(path)
    const facts = factsOf(buffer, title)
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), facts, title, buffer])
    // After the same facts: comment, disk, attributes; then where the file lies.
    const place = Buffer.alloc(14)
    place.writeUInt32LE(offset, 10)
    directory.push(Buffer.from('PK\x01\x02\x14\x00'), facts, place, title)
    locals.push(local)
    offset += local.length
  }
  const entries = Buffer.concat(directory)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(files.length, 4)
  end.writeUInt16LE(files.length, 6)
  end.writeUInt32LE(entries.length, 8)
  end.writeUInt32LE(offset, 12)
  const buffer = Buffer.concat([...locals, entries, Buffer.from('PK\x05\x06'), end])
  return { name, mimeType: 'application/zip', buffer }
}

/** Version, flags (UTF-8 names), method, time, checksum, sizes and length of the name. */
function factsOf(content: Buffer, title: Buffer): Buffer {
  const facts = Buffer.alloc(26)
  facts.writeUInt16LE(20, 0)
  facts.writeUInt16LE(0x0800, 2)
  facts.writeUInt32LE(crc32(content), 10)
  facts.writeUInt32LE(content.length, 14)
  facts.writeUInt32LE(content.length, 18)
  facts.writeUInt16LE(title.length, 22)
  return facts
}
