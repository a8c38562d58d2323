import { expect, it } from 'vitest'
import { archiveProblem, jobQuery } from '@/features/batch/jobs'

const MAX_BYTES = 1000

function file(name: string, type = '', size = 100) {
  return { name, type, size }
}

it('takes one ZIP archive, by its name or by what the system calls it', () => {
  expect(archiveProblem([file('Faces.ZIP')], MAX_BYTES)).toBeNull()
  expect(archiveProblem([file('faces', 'application/x-zip-compressed')], MAX_BYTES)).toBeNull()
})

it('says what to do with anything else', () => {
  const picture = file('a.jpg', 'image/jpeg')
  expect(archiveProblem([picture, picture], MAX_BYTES)).toBe('several')
  expect(archiveProblem([file('a.zip'), file('b.zip')], MAX_BYTES)).toBe('several')
  expect(archiveProblem([picture], MAX_BYTES)).toBe('picture')
  expect(archiveProblem([file('faces')], MAX_BYTES)).toBe('other')
  expect(archiveProblem([file('faces.tar.gz', 'application/gzip')], MAX_BYTES)).toBe('other')
})

it('does not send what is certainly too large', () => {
  expect(archiveProblem([file('a.zip', '', MAX_BYTES)], MAX_BYTES)).toBeNull()
  expect(archiveProblem([file('a.zip', '', MAX_BYTES + 1)], MAX_BYTES)).toBe('tooLarge')
})

it('asks the active model, all, or those that are named', () => {
  const plain = { whole: false, changes: false }
  expect(jobQuery({ which: 'active', names: ['v1'], ...plain })).toEqual({})
  expect(jobQuery({ which: 'all', names: [], ...plain })).toEqual({ models: 'all' })
  expect(jobQuery({ which: 'chosen', names: ['v1', 'v3'], ...plain })).toEqual({ models: 'v1,v3' })
  expect(jobQuery({ which: 'chosen', names: [], whole: true, changes: true })).toBeNull()
})

it('says how they are to judge where that is not the usual way', () => {
  expect(jobQuery({ which: 'active', names: [], whole: true, changes: true })).toEqual({
    whole: 'true',
    stability: 'always',
  })
})
