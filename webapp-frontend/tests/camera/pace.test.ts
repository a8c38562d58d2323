import fc from 'fast-check'
import { expect, it } from 'vitest'
import { ApiFailure } from '@/api/client'
import { frameRate, frameSize, pauseAfter, pauseAfterFailure } from '@/features/camera/pace'
import { problemOf } from '@/features/camera/useCamera'

it('sends at most ten frames a second and leaves a fifth of the time to others', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 60_000, noNaN: true }), (took) => {
      const pause = pauseAfter(took)
      expect(took + pause).toBeGreaterThanOrEqual(100 - 1e-9)
      expect(pause).toBeGreaterThanOrEqual((took + pause) * 0.2 - 1e-6)
    }),
  )
})

it('waits as long as a busy service asks for, and some seconds where nobody says', () => {
  expect(pauseAfterFailure(new ApiFailure('busy', '', 'busy', 7))).toBe(7000)
  expect(pauseAfterFailure(new ApiFailure('unreachable'))).toBe(3000)
})

it('counts frames a second', () => {
  expect(frameRate([])).toBeNull()
  expect(frameRate([5])).toBeNull()
  expect(frameRate([0, 500, 1000, 1500])).toBe(2)
})

it('scales large frames down, keeps their shape, and never enlarges', () => {
  expect(frameSize({ width: 1920, height: 1080 })).toEqual({ width: 640, height: 360 })
  expect(frameSize({ width: 320, height: 240 })).toEqual({ width: 320, height: 240 })
  const side = fc.integer({ min: 1, max: 8000 })
  fc.assert(
    fc.property(side, side, (width, height) => {
      const sent = frameSize({ width, height })
      expect(Math.max(sent.width, sent.height)).toBeLessThanOrEqual(640)
      expect(Math.min(sent.width, sent.height)).toBeGreaterThanOrEqual(1)
    }),
  )
})

it('tells a denied camera from a missing and a busy one', () => {
  const named = (name: string) => problemOf(new DOMException('', name))
  expect(named('NotAllowedError')).toBe('denied')
  expect(named('NotFoundError')).toBe('missing')
  expect(named('NotReadableError')).toBe('unavailable')
  expect(problemOf('anything else')).toBe('unavailable')
})
