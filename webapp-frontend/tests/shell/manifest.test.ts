import { existsSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

interface Icon {
  src: string
  type: string
  sizes: string
  purpose?: string
}

const read = (path: string) => readFileSync(path, 'utf8')
const manifest = JSON.parse(read('public/manifest.webmanifest')) as {
  start_url: string
  display: string
  icons: Icon[]
}

/** Width and height in the header of a PNG. */
function sizeOf(path: string) {
  const png = readFileSync(path)
  return `${String(png.readUInt32BE(16))}x${String(png.readUInt32BE(20))}`
}

it('has what browsers ask of a page that can be installed', () => {
  expect(read('index.html')).toContain('<link rel="manifest" href="/manifest.webmanifest" />')
  expect(manifest).toMatchObject({ start_url: '/', display: 'standalone' })
  const sizes = manifest.icons.map((icon) => `${icon.sizes} ${icon.purpose ?? 'any'}`)
  expect(sizes).toEqual(expect.arrayContaining(['192x192 any', '512x512 any', '512x512 maskable']))
})

it('has each icon in the size that it names', () => {
  for (const { src, type, sizes } of manifest.icons) {
    expect(existsSync(`public${src}`), src).toBe(true)
    if (type === 'image/png') expect(sizeOf(`public${src}`), src).toBe(sizes)
  }
  expect(sizeOf('public/icons/apple-touch-icon.png')).toBe('180x180')
})
