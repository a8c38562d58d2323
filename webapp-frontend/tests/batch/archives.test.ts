import { expect, it } from 'vitest'
import { nextTick } from 'vue'
import { archiveProblem, jobQuery } from '@/features/batch/jobs'
import { createPictureFolder } from '@/features/batch/usePictureFolder'

const MAX_BYTES = 1000

function file(name: string, type = '', size = 100) {
  return { name, type, size }
}

it('takes a ZIP archive, by its name or by its type', () => {
  expect(archiveProblem(file('Faces.ZIP'), MAX_BYTES)).toBeNull()
  expect(archiveProblem(file('faces', 'application/x-zip-compressed'), MAX_BYTES)).toBeNull()
  expect(archiveProblem(file('faces.tar.gz', 'application/gzip'), MAX_BYTES)).toBe('other')
})

it('does not send what is certainly too large', () => {
  expect(archiveProblem(file('a.zip', '', MAX_BYTES), MAX_BYTES)).toBeNull()
  expect(archiveProblem(file('a.zip', '', MAX_BYTES + 1), MAX_BYTES)).toBe('tooLarge')
})

it('sends an archive as it is and packs anything that may be a picture', () => {
  const folder = createPictureFolder()
  const { archive, problem } = folder.upload
  const zip = new File(['PK'], 'faces.zip')
  const picture = new File(['x'], 'a.jpg', { type: 'image/jpeg' })
  folder.takeAny([zip])
  expect(archive.value).toBe(zip)
  expect(folder.plan.value).toBeNull()
  folder.takeAny([picture])
  expect(folder.pictures.value).toEqual([picture])
  folder.takeAny([new File(['x'], 'IMG_1', { type: '' }), picture, zip])
  expect(folder.pictures.value.map(({ name }) => name)).toEqual(['IMG_1', 'a.jpg'])
  expect(folder.plan.value?.leftOut.type).toEqual([zip])
  folder.takeAny([new File(['x'], 'notes.txt', { type: 'text/plain' })])
  expect(folder.plan.value).toBeNull()
  expect(problem.value).toBe('other')
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

it('starts on its own once, and takes no other files while it sends', async () => {
  const folder = createPictureFolder()
  const pictures = ['a.jpg', 'b.jpg'].map((name) => new File(['x'], name, { type: 'image/jpeg' }))
  folder.take(pictures)
  expect(folder.startsAtOnce.value).toBe(true)
  const sending = folder.send('Pictures', {})
  expect([folder.busy.value, folder.startsAtOnce.value]).toEqual([true, false])
  folder.take([new File(['x'], 'c.jpg', { type: 'image/jpeg' })])
  expect([folder.refused.value, folder.pictures.value]).toEqual([true, pictures])
  folder.cancel()
  expect(await sending).toBeNull()
  await nextTick()
  expect([folder.busy.value, folder.refused.value, folder.startsAtOnce.value]).toEqual([false, false, false])
})
