import { flushPromises } from '@vue/test-utils'
import { afterEach, expect, it, vi } from 'vitest'
import type { HistoryEntry } from '@/api/types'
import { useHistory } from '@/features/history/useHistory'
import { useThumbnailChoice } from '@/features/history/useThumbnails'
import { composed } from '../composed'

/** More entries than a page shows, all deleted by one request. */
let entries = Array.from({ length: 30 }, (_, id) => ({ id, image: { sha256: `hash-${String(id)}` }, same_picture: [] }))

/** Pictures that the page asked about, to see whether other checks of them remain. */
const asked = new Set<string>()

function answer(input: Request | string): Response {
  const { method, url } = input instanceof Request ? input : { method: 'GET', url: input }
  const { searchParams } = new URL(url, 'http://localhost')
  if (searchParams.get('limit') === '1') asked.add(searchParams.get('search') ?? '')
  const matching = entries.filter(({ image }) => image.sha256.includes(searchParams.get('search') ?? ''))
  if (method === 'DELETE') {
    entries = entries.filter((entry) => !matching.includes(entry))
    return Response.json({ deleted: matching.length })
  }
  const offset = Number(searchParams.get('offset') ?? 0)
  const limit = Number(searchParams.get('limit') ?? 20)
  return Response.json({ total: matching.length, entries: matching.slice(offset, offset + limit) as unknown as HistoryEntry[] })
}

afterEach(() => {
  vi.unstubAllGlobals()
  useThumbnailChoice().value = false
})

it('forgets the thumbnails of all pages that a filter matches', async () => {
  vi.stubGlobal('fetch', (input: Request | string) => Promise.resolve(answer(input)))
  useThumbnailChoice().value = true
  const history = composed(useHistory)
  history.filter.search = 'hash'
  await flushPromises()
  await history.removal.run(null)
  expect(history.removal.failure.value).toBeNull()
  expect([...asked].sort()).toEqual(Array.from({ length: 30 }, (_, id) => `hash-${String(id)}`).sort())
})
