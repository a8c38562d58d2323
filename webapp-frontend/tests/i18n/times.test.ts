import { expect, it } from 'vitest'
import { duration, moment } from '@/i18n/format'

it('tells a moment with its zone', () => {
  const text = moment('2026-11-21T15:14:32Z', 'en-GB', 'Europe/Berlin')
  expect(text).toContain('21 Nov 2026')
  expect(text).toMatch(/16:14 (CET|GMT\+1)/)
})

it('tells a span of time in its two largest units', () => {
  expect(duration(4.4)).toBe('4 sec')
  expect(duration(90)).toBe('1 min 30 sec')
  expect(duration(3600)).toBe('1 hr')
  expect(duration(45_061)).toBe('12 hr 31 min')
  expect(duration(90_000)).toBe('1 day 1 hr')
})
