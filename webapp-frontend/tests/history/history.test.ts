import { expect, it } from 'vitest'
import { emptyFilter, isFiltered, toQuery } from '@/features/history/useHistory'

it('asks for everything at first', () => {
  expect(isFiltered(emptyFilter())).toBe(false)
  expect(Object.values(toQuery(emptyFilter())).every((value) => value === undefined)).toBe(true)
})

it('leaves out what is empty and trims what is typed', () => {
  const choice = { ...emptyFilter(), search: '  face ', verdict: 'fake' as const }
  expect(toQuery(choice)).toEqual({ search: 'face', verdict: 'fake' })
  expect(isFiltered({ ...emptyFilter(), search: '  ' })).toBe(false)
})

it("counts days as the reader's, the last one included", () => {
  const { since, until } = toQuery({ ...emptyFilter(), from: '2026-12-31', to: '2026-12-31' })
  expect(since).toBe(new Date(2026, 11, 31).toISOString())
  expect(until).toBe(new Date(2027, 0, 1).toISOString())
})
