import { describe, expect, it } from 'vitest'
import {
  bytes,
  change,
  count,
  curveValue,
  decimal,
  milliseconds,
  percent,
  pValue,
  threshold,
  tiny,
} from '@/i18n/format'

describe('a probability', () => {
  it('is shown to a tenth of a percent', () => {
    expect(percent(0.8732)).toBe('87.3%')
    expect(percent(0.5)).toBe('50.0%')
  })

  it('never claims a certainty that it has not', () => {
    expect(percent(0.99999)).toBe('>99.9%')
    expect(percent(0.00001)).toBe('<0.1%')
    expect(percent(1)).toBe('100.0%')
    expect(percent(0)).toBe('0.0%')
  })

  it('follows the language of the page', () => {
    expect(percent(0.8732, 'de')).toBe('87,3\u00a0%')
  })
})

it('shows a threshold as short as it was chosen', () => {
  expect(threshold(0.5)).toBe('50%')
  expect(threshold(0.4375)).toBe('43.75%')
})

it('shows sizes of files in the unit that fits', () => {
  expect(bytes(0)).toBe('0 bytes')
  expect(bytes(84_123)).toBe('82 kB')
  expect(bytes(15_123_456)).toBe('14.4 MB')
})

it('groups thousands, keeps decimals and names milliseconds', () => {
  expect(count(3_946_481)).toBe('3,946,481')
  expect(decimal(0.1)).toBe('0.100')
  expect(tiny(0.00000123)).toBe('0.0000012')
  expect(milliseconds(3.219)).toBe('3.2 ms')
})

it('shows values of curves with four decimals, small ones with the digits that count', () => {
  expect(curveValue(0.9222)).toBe('0.9222')
  expect(curveValue(1)).toBe('1.0000')
  expect(curveValue(0.000286356)).toBe('0.000286')
  expect(curveValue(0.0010000000475)).toBe('0.001')
  expect(curveValue(0)).toBe('0.0000')
})

it('does not claim more of chance than it has', () => {
  expect(pValue(0.6718)).toBe('0.67')
  expect(pValue(0.0000004)).toBe('<0.001')
})

it('gives a difference its sign, and none to nothing', () => {
  expect([0.0123, -0.5, 0.0001].map((by) => change(by, 3))).toEqual(['+0.012', '-0.500', '0.000'])
})
