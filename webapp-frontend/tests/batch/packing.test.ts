import { expect, it } from 'vitest'
import { commonFolder, pack, planPacking } from '@/features/batch/packing'
import { sortByPath } from '@/ui/folders'

const LIMITS = { max_archive_bytes: 1e6, max_archive_files: 3, max_upload_bytes: 1000 }

function file(path: string, size = 10, type = 'image/jpeg'): File {
  const made = new File([new Uint8Array(size)], path.split('/').at(-1) ?? path, { type })
  Object.defineProperty(made, 'webkitRelativePath', { value: path.includes('/') ? path : '' })
  return made
}

const names = (files: File[]) => files.map(({ name }) => name)

it('names what it leaves out, and why', () => {
  const files = [
    file('trip/a.jpg'),
    file('trip/.DS_Store', 10, ''),
    file('trip/Thumbs.db', 10, ''),
    file('trip/notes.txt', 10, 'text/plain'),
    file('trip/phone.heic', 10, ''),
    file('trip/no-ending', 10, ''),
    file('trip/huge.png', 1001, 'image/png'),
  ]
  const { archives, leftOut } = planPacking(files, LIMITS)
  expect(archives.map(names)).toEqual([['a.jpg', 'phone.heic', 'no-ending']])
  expect(names(leftOut.system)).toEqual(['.DS_Store', 'Thumbs.db'])
  expect(names(leftOut.type)).toEqual(['notes.txt'])
  expect(names(leftOut.size)).toEqual(['huge.png'])
  const sent = archives.flat().length
  const left = Object.values(leftOut).flat().length
  expect(sent + left).toBe(files.length)
})

it('starts a new archive where one is full', () => {
  const files = ['a', 'b', 'c', 'd'].map((name) => file(`${name}.jpg`, 500))
  expect(planPacking(files, LIMITS).archives.map(names)).toEqual([
    ['a.jpg', 'b.jpg', 'c.jpg'],
    ['d.jpg'],
  ])
  const small = { ...LIMITS, max_archive_bytes: 1400 }
  expect(planPacking(files, small).archives.map(names)).toEqual([
    ['a.jpg', 'b.jpg'],
    ['c.jpg', 'd.jpg'],
  ])
})

it('expects no archive to be smaller than it gets', async () => {
  const files = ['ä/one.jpg', 'ä/two.jpg'].map((path) => file(path, 500))
  const { size } = await pack(files, 'all.zip')
  const limits = { ...LIMITS, max_archive_bytes: size - 1 }
  expect(planPacking(files, limits).archives.length).toBe(2)
})

it('packs files under their paths, each of its own', async () => {
  const archive = await pack([file('a/one.jpg'), file('b.jpg'), file('b.jpg')], 'all.zip')
  expect(archive.type).toBe('application/zip')
  const text = new TextDecoder('latin1').decode(await archive.arrayBuffer())
  // The central directory names each file once.
  const entries = text.split('PK\u0001\u0002').slice(1)
  // A name follows 42 bytes of numbers, and the next record begins with PK.
  const paths = entries.map((entry) => entry.slice(42).split('PK')[0])
  expect(paths).toEqual(['a/one.jpg', 'b.jpg', 'b (2).jpg'])
})

it('lists the files of a folder by path, with numbers in their order', () => {
  const files = ['trip/10.jpg', 'trip/b/1.jpg', 'trip/9.jpg', 'trip/a/2.jpg'].map((path) => file(path))
  expect(sortByPath(files).map(({ webkitRelativePath }) => webkitRelativePath)).toEqual([
    'trip/9.jpg',
    'trip/10.jpg',
    'trip/a/2.jpg',
    'trip/b/1.jpg',
  ])
})

it('names the folder that all files came in', () => {
  expect(commonFolder([file('trip/a.jpg'), file('trip/day/b.jpg')])).toBe('trip')
  expect(commonFolder([file('trip/a.jpg'), file('b.jpg')])).toBe('')
})
