import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { VerdictName } from '@/api/types'
import {
  type FrameVerdict,
  meanFake,
  type RunningVerdict,
  verdictOf,
  withFrame,
} from '@/features/camera/runningVerdict'

const VERDICTS: VerdictName[] = ['fake', 'real', 'uncertain', 'out_of_scope']
const share = fc.double({ min: 0, max: 1, noNaN: true })
const seconds = fc.double({ min: 0, max: 20, noNaN: true })
const frame = fc.record({ verdict: fc.constantFrom(...VERDICTS), fake: share })
const video = fc.array(fc.tuple(frame, seconds), { minLength: 1, maxLength: 40 })

/** The means after a video; each frame comes its seconds after the one before it. */
function after(frames: [FrameVerdict, number][]): RunningVerdict {
  const [[first], ...rest] = frames as [[FrameVerdict, number], ...[FrameVerdict, number][]]
  return rest.reduce(
    (running, [next, pause]) => withFrame(running, next, pause),
    withFrame(null, first, 0),
  )
}

const sum = ({ weights }: RunningVerdict) => Object.values(weights).reduce((a, b) => a + b, 0)

describe('the mean over frames', () => {
  it('has weights in [0, 1] that add up to 1', () => {
    fc.assert(
      fc.property(video, (frames) => {
        const running = after(frames)
        expect(sum(running)).toBeCloseTo(1)
        for (const weight of Object.values(running.weights)) {
          expect(weight).toBeGreaterThanOrEqual(0)
          expect(weight).toBeLessThanOrEqual(1)
        }
      }),
    )
  })

  it('stays between the lowest and the highest score of the frames', () => {
    fc.assert(
      fc.property(video, (frames) => {
        const scores = frames
          .filter(([{ verdict }]) => verdict !== 'out_of_scope')
          .map(([{ fake }]) => fake)
        const mean = meanFake(after(frames))
        if (!scores.length) expect(mean).toBeNull()
        else if (mean !== null) {
          expect(mean).toBeGreaterThanOrEqual(Math.min(...scores) - 1e-6)
          expect(mean).toBeLessThanOrEqual(Math.max(...scores) + 1e-6)
        }
      }),
    )
  })

  it('is a frame itself while every frame is the same', () => {
    fc.assert(
      fc.property(frame, fc.array(seconds, { maxLength: 40 }), (same, pauses) => {
        const running = after([[same, 0], ...pauses.map((pause): [FrameVerdict, number] => [same, pause])])
        expect(running.weights[same.verdict]).toBeCloseTo(1)
        if (same.verdict !== 'out_of_scope') expect(meanFake(running)).toBeCloseTo(same.fake)
      }),
    )
  })

  it('forgets with time, whatever the frame rate', () => {
    fc.assert(
      fc.property(frame, frame, fc.integer({ min: 1, max: 30 }), (old, next, n) => {
        const start = withFrame(null, old, 0)
        const once = withFrame(start, next, 3)
        let often = start
        for (let i = 0; i < n; i++) often = withFrame(often, next, 3 / n)
        for (const verdict of VERDICTS) {
          expect(often.weights[verdict]).toBeCloseTo(once.weights[verdict])
        }
        expect(often.weightedFake).toBeCloseTo(once.weightedFake)
      }),
    )
  })

  it('rises with a higher score of the new frame', () => {
    fc.assert(
      fc.property(video, share, share, seconds, (frames, a, b, pause) => {
        const start = after(frames)
        const mean = (fake: number) => meanFake(withFrame(start, { verdict: 'uncertain', fake }, pause))
        const [low, high] = [mean(Math.min(a, b)), mean(Math.max(a, b))]
        if (low !== null && high !== null) expect(high).toBeGreaterThanOrEqual(low - 1e-9)
      }),
    )
  })
})

describe('the verdict on a video', () => {
  it('is that of the frames while all agree', () => {
    const fake: FrameVerdict = { verdict: 'fake', fake: 0.9 }
    const real: FrameVerdict = { verdict: 'real', fake: 0.1 }
    const outside: FrameVerdict = { verdict: 'out_of_scope', fake: 0.9 }
    const unsure: FrameVerdict = { verdict: 'uncertain', fake: 0.5 }
    for (const only of [fake, real, outside, unsure]) {
      expect(verdictOf(after([[only, 0], [only, 0.2], [only, 0.2]]), 0.5)).toBe(only.verdict)
    }
  })

  it('is never on the other side of the threshold than the mean', () => {
    fc.assert(
      fc.property(video, share, (frames, threshold) => {
        const running = after(frames)
        const verdict = verdictOf(running, threshold)
        if (verdict === 'fake') expect(meanFake(running)).toBeGreaterThanOrEqual(threshold)
        if (verdict === 'real') expect(meanFake(running)).toBeLessThan(threshold)
      }),
    )
  })

  it('does not turn with one odd frame, but with two seconds of them', () => {
    const real: [FrameVerdict, number] = [{ verdict: 'real', fake: 0.1 }, 0.2]
    const fake: [FrameVerdict, number] = [{ verdict: 'fake', fake: 0.95 }, 0.2]
    const calm = Array.from({ length: 20 }, () => real)
    expect(verdictOf(after([...calm, fake]), 0.5)).toBe('real')
    expect(verdictOf(after([...calm, ...Array.from({ length: 10 }, () => fake)]), 0.5)).toBe('fake')
  })

  it('is uncertain where frames contradict each other', () => {
    const turns = Array.from({ length: 20 }, (_, i): [FrameVerdict, number] => [
      i % 2 ? { verdict: 'fake', fake: 0.9 } : { verdict: 'uncertain', fake: 0.5 },
      0,
    ])
    expect(verdictOf(after([...turns, [{ verdict: 'real', fake: 0.1 }, 0.8]]), 0.5)).toBe('uncertain')
  })

  it('begins afresh with the first face after a time without one', () => {
    const gone = Array.from({ length: 100 }, (): [FrameVerdict, number] => [
      { verdict: 'out_of_scope', fake: 0.3 },
      0.2,
    ])
    const running = after([[{ verdict: 'real', fake: 0.1 }, 0], ...gone, [{ verdict: 'fake', fake: 0.9 }, 0.2]])
    expect(meanFake(running)).toBeCloseTo(0.9, 2)
  })
})
