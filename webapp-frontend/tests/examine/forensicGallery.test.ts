import { flushPromises, mount } from '@vue/test-utils'
import { beforeEach, expect, it, vi } from 'vitest'
import ForensicGallery from '@/features/examine/ForensicGallery.vue'
import { i18n } from '@/i18n/i18n'
import { createDesign } from '@/ui/theme'
import { jpegLook } from './explained'

const service = { requests: [] as string[], open: 0, most: 0, down: new Set<string>() }
vi.stubGlobal('fetch', async ({ url }: Request) => {
  const view = new URL(url).searchParams.get('view') ?? ''
  service.requests.push(view)
  service.most = Math.max(service.most, ++service.open)
  await Promise.resolve()
  service.open -= 1
  if (service.down.has(view)) {
    const body = { success: false, error: 'busy', message: 'Too many pictures.' }
    return Response.json(body, { status: 503 })
  }
  return Response.json(look(view))
})

const VIEWS = ['error_level', 'noise', 'spectrum', 'jpeg', 'double_compression', 'colours']
const IMAGES: Record<string, string> = { error_level: 'errors', noise: 'residual', colours: 'histograms' }
const NUMBERS: Record<string, unknown> = {
  error_level: { quality: 90, gain: 20, mean: 1, percentile_99: 5 },
  colours: { gaps: [0, 0, 0], darkest: 0, brightest: 0 },
}

function look(view: string) {
  const name = IMAGES[view]
  const image = { name, width: 40, height: 20, media_type: 'image/png', data: view }
  const { numbers } = jpegLook()
  return { ...jpegLook(), view, numbers: NUMBERS[view] ?? numbers, images: name ? [image] : [] }
}

function gallery() {
  const file = new File([new Uint8Array(4)], 'a.jpg', { type: 'image/jpeg' })
  const props = { picture: { file, url: 'blob:original' } }
  return mount(ForensicGallery, { props, global: { plugins: [i18n, createDesign()] } })
}

beforeEach(() => {
  Object.assign(service, { requests: [], open: 0, most: 0, down: new Set() })
})

it('shows a thumbnail of every view, and asks the service for one at a time', async () => {
  const shown = gallery()
  await flushPromises()
  expect(service.requests).toEqual(VIEWS)
  expect(service.most).toBe(1)
  expect(shown.findAll('li h3')).toHaveLength(6)
  expect(shown.findAll('li img').map((image) => image.attributes('src'))).toEqual(
    ['error_level', 'noise', 'colours'].map((data) => `data:image/png;base64,${data}`),
  )
  expect(shown.text()).toContain('JPEG 85')
})

it('enlarges a view with the original under the same slider, and one view at a time', async () => {
  const shown = gallery()
  await flushPromises()
  const [errors, , , , , colours] = shown.findAll('li button')
  await errors?.trigger('click')
  expect(errors?.attributes('aria-expanded')).toBe('true')
  const [original, view] = shown.findAll('.stage img')
  expect(original?.attributes('src')).toBe('blob:original')
  const slider = shown.get('.stage input[type=range]')
  await slider.setValue('0.25')
  expect(view?.attributes('style')).toContain('inset(0 0 0 25%)')
  expect(shown.text()).toContain('neither bright nor uniform areas prove anything')

  await colours?.trigger('click')
  expect(errors?.attributes('aria-expanded')).toBe('false')
  expect(shown.find('.stage').exists()).toBe(false)
  expect(shown.get('figure img').attributes('alt')).toBe('Histograms: red, green, blue')
  await colours?.trigger('click')
  expect(shown.find('figure').exists()).toBe(false)
})

it('shows the view alone where the browser cannot show the picture', async () => {
  const shown = gallery()
  await flushPromises()
  await shown.get('li button').trigger('click')
  await shown.get('.stage img').trigger('error')
  expect(shown.find('.stage input').exists()).toBe(false)
  expect(shown.findAll('.stage img')).toHaveLength(1)
  expect(shown.text()).toContain('This browser cannot display this picture.')
})

it('goes on after a view that failed, and repeats only that one', async () => {
  service.down.add('noise')
  const shown = gallery()
  await flushPromises()
  expect(service.requests).toEqual(VIEWS)
  expect(shown.get('[role=alert]').text()).toContain('Too many pictures.')
  expect(shown.find('[aria-busy=true]').exists()).toBe(false)
  expect(shown.find('[role=progressbar]').exists()).toBe(false)
  service.down.clear()
  await shown.get('[role=alert] button').trigger('click')
  await flushPromises()
  expect(service.requests.slice(VIEWS.length)).toEqual(['noise'])
  expect(shown.find('[role=alert]').exists()).toBe(false)
})
