import { deflateRawSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { openEntry, readZip } from '@/features/batch/zipReader'
import { zip } from '../../e2e/zip'

const words = Buffer.from('words '.repeat(40))

function blobOf(...parts: Buffer[]) {
  return new Blob(parts.map((part) => new Uint8Array(part)))
}

/** An archive whose only file is marked as deflated, or by another method. */
function packed(content: Buffer, method: number) {
  const { buffer } = zip('a.zip', [{ name: 'a/ü.txt', buffer: content }])
  const directory = buffer.indexOf('PK\x01\x02')
  buffer.writeUInt16LE(method, 8)
  buffer.writeUInt16LE(method, directory + 10)
  return blobOf(buffer)
}

async function textOf(archive: Blob, path: string) {
  const entry = (await readZip(archive)).get(path)
  return entry && (await (await openEntry(archive, entry))?.text())
}

it('reads stored and deflated files by their paths', async () => {
  const files = ['a/1.txt', 'a/b/2.txt'].map((name) => ({ name, buffer: Buffer.from(name) }))
  const stored = blobOf(zip('a.zip', files).buffer)
  expect([...(await readZip(stored)).keys()]).toEqual(['a/1.txt', 'a/b/2.txt'])
  expect(await textOf(stored, 'a/b/2.txt')).toBe('a/b/2.txt')
  expect(await textOf(packed(deflateRawSync(words), 8), 'a/ü.txt')).toBe(words.toString())
})

it('names files as the service does', async () => {
  const names = ['Fake\\1.png', 'u\u0308.png']
  const archive = zip('a.zip', names.map((name) => ({ name, buffer: words })))
  expect([...(await readZip(blobOf(archive.buffer))).keys()]).toEqual(['Fake/1.png', '\u00fc.png'])
})

it('finds the directory before a comment and after other data', async () => {
  const { buffer } = zip('a.zip', [{ name: 'x', buffer: words }])
  buffer.writeUInt16LE(3, buffer.length - 2)
  expect(await textOf(blobOf(buffer, Buffer.from('end')), 'x')).toBe(words.toString())
})

it('gives nothing for methods that browsers cannot read, and for damaged data', async () => {
  expect(await textOf(packed(words, 14), 'a/ü.txt')).toBeUndefined()
  expect(await textOf(packed(words, 8), 'a/ü.txt')).toBeUndefined()
})

it('has no files where there is no whole archive', async () => {
  const { buffer } = zip('a.zip', [{ name: 'x', buffer: words }])
  expect(await readZip(blobOf(words))).toEqual(new Map())
  expect(await readZip(blobOf(buffer.subarray(0, -30)))).toEqual(new Map())
  expect(await readZip(new Blob([]))).toEqual(new Map())
})
