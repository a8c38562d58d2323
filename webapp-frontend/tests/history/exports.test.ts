import { expect, it } from 'vitest'
import { allEntries, csvOf } from '@/features/history/exports'
import { historyEntry, silence } from '../samples'

it('reads every page, and each entry once although new ones shift the pages', async () => {
  const ids = Array.from({ length: 450 }, (_, index) => 450 - index)
  const offsets: number[] = []
  const entries = await allEntries(({ limit, offset }) => {
    offsets.push(offset)
    if (offset === 200) ids.unshift(451)
    const page = ids.slice(offset, offset + limit).map((id) => ({ ...historyEntry, id }))
    return Promise.resolve({ success: true, total: ids.length, limit, offset, recording: true, entries: page })
  })
  expect(offsets).toEqual([0, 200, 400])
  expect(entries.map(({ id }) => id)).toEqual(Array.from({ length: 450 }, (_, index) => 450 - index))
})

it('has a line for each verdict, and no formula in it', () => {
  const [verdict] = historyEntry.verdicts
  if (!verdict) throw new Error('no sample')
  const entry = {
    ...historyEntry,
    image: { ...historyEntry.image, name: '=SUM(A1), "x"' },
    provenance: { ...silence, claim: 'generated' as const, by: '+Painter' },
    verdicts: [verdict, { ...verdict, model: 'v2' }],
  }
  const [header, first, second, end] = csvOf([entry]).split('\n')
  expect(header).toMatch(/^created,file,model,verdict,prediction,probability_fake,/)
  expect(first).toMatch(/^2026-11-21T12:00:00Z,"'=SUM\(A1\), ""x""",v1,fake,Fake,0\.870000,0\.5,card,/)
  expect(first).toMatch(/,generated,'\+Painter,,none$/)
  expect(second).toContain(',v2,fake,')
  expect(end).toBe('')
})
