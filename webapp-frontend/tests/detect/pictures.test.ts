import { expect, it } from 'vitest'
import { claimedFormat, fileNameAbout } from '@/ui/files'

it('names the format that a picture claims', () => {
  expect(claimedFormat({ name: 'a.jpg', type: 'image/jpeg' })).toBe('JPEG')
  expect(claimedFormat({ name: 'scan.tif', type: '' })).toBe('TIF')
  expect(claimedFormat({ name: 'a.bmp', type: 'image/x-bmp' })).toBe('BMP')
  expect(claimedFormat({ name: 'nothing', type: '' })).toBe('')
})

it('names what is saved about a picture after it', () => {
  expect(fileNameAbout('my.portrait.jpg', '-verdict.json')).toBe('my.portrait-verdict.json')
  expect(fileNameAbout('.jpg', '-verdict.json')).toBe('picture-verdict.json')
})
