import { expect, it } from 'vitest'
import { keepArchive, useLocalPictures } from '@/features/batch/useLocalPictures'
import { zip } from '../../e2e/zip'

function archive(...paths: string[]) {
  const { buffer } = zip('a.zip', paths.map((name) => ({ name, buffer: Buffer.from(name) })))
  return new File([new Uint8Array(buffer)], 'a.zip')
}

it('opens the pictures of a job while its archive is here', async () => {
  const pictures = useLocalPictures('job')
  expect([pictures.archive.value, pictures.has('a/1.jpg')]).toEqual([null, false])
  expect(await pictures.open('a/1.jpg')).toBeNull()
  const file = archive('a/1.jpg', 'a/2.jpg')
  await keepArchive('job', file)
  expect([pictures.archive.value, pictures.has('a/1.jpg'), pictures.has('b.jpg')]).toEqual([file, true, false])
  const picture = await pictures.open('a/2.jpg')
  expect([picture?.name, await picture?.text()]).toEqual(['2.jpg', 'a/2.jpg'])
})

it('refuses another archive than that of the job', async () => {
  expect(await keepArchive('refused', archive('x.jpg'), ['y.jpg'])).toBe(false)
  expect(useLocalPictures('refused').archive.value).toBeNull()
  expect(await keepArchive('refused', archive('x.jpg', 'y.jpg'), ['y.jpg'])).toBe(true)
})

it('forgets the oldest archives', async () => {
  for (const job of ['1', '2', '3', '4', '5']) await keepArchive(job, archive('x.jpg'))
  expect(useLocalPictures('1').archive.value).toBeNull()
  expect(useLocalPictures('5').archive.value).not.toBeNull()
})
