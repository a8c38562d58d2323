import { expect, it } from 'vitest'
import { answerFileName, claimedFormat } from '@/domain/pictures'

it('names the format that a picture claims', () => {
  expect(claimedFormat({ name: 'a.jpg', type: 'image/jpeg' })).toBe('JPEG')
  expect(claimedFormat({ name: 'scan.tif', type: '' })).toBe('TIF')
  expect(claimedFormat({ name: 'a.bmp', type: 'image/x-bmp' })).toBe('BMP')
  expect(claimedFormat({ name: 'nothing', type: '' })).toBe('')
})

it('names the downloaded answer after the picture', () => {
  expect(answerFileName('my.portrait.jpg')).toBe('my.portrait-verdict.json')
  expect(answerFileName('.jpg')).toBe('picture-verdict.json')
})
