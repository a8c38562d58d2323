import { computed, onScopeDispose, shallowRef, watch, type Ref } from 'vue'
import { type ApiFailure, asFailure } from '@/api/client'
import { predictFrame } from '@/api/endpoints'
import type { Prediction } from '@/api/types'
import { frameRate, pauseAfter, pauseAfterFailure } from './pace'
import { meanFake, type RunningVerdict, verdictOf, withFrame } from './runningVerdict'

/** The frame rate is an average over this many frames. */
const RATE_FRAMES = 12

/** What is known of the video. */
export interface LiveVerdict {
  /** Of the latest frame. */
  prediction: Prediction
  running: RunningVerdict
  /** When the latest answers came, in milliseconds of `performance.now()`. */
  moments: number[]
  /** How long the latest answer took. */
  tookMs: number
}

/** Judges frames one after another while `on`: the next frame is taken when the last is answered. */
export function useLiveVerdict(on: Ref<boolean>, grab: () => Promise<Blob | null>) {
  const live = shallowRef<LiveVerdict | null>(null)
  const failure = shallowRef<ApiFailure | null>(null)
  let controller = new AbortController()

  function take(prediction: Prediction, tookMs: number) {
    const now = performance.now()
    const before = live.value
    const seconds = (now - (before?.moments.at(-1) ?? now)) / 1000
    const frame = { verdict: prediction.verdict, fake: prediction.probability.fake }
    live.value = {
      prediction,
      running: withFrame(before?.running ?? null, frame, seconds),
      moments: [...(before?.moments ?? []), now].slice(-RATE_FRAMES),
      tookMs,
    }
    failure.value = null
  }

  /** Judges one frame; gives the pause after it. */
  async function turn(signal: AbortSignal): Promise<number> {
    const start = performance.now()
    try {
      const frame = await grab()
      if (!frame || signal.aborted) return pauseAfter(0)
      const prediction = await predictFrame(frame, signal)
      if (signal.aborted) return 0
      const tookMs = performance.now() - start
      take(prediction, tookMs)
      return pauseAfter(tookMs)
    } catch (thrown) {
      if (signal.aborted) return 0
      failure.value = asFailure(thrown)
      live.value = null
      return pauseAfterFailure(failure.value)
    }
  }

  async function run(signal: AbortSignal) {
    while (!signal.aborted) {
      const pause = await turn(signal)
      if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, pause))
    }
  }

  function stop() {
    controller.abort()
    live.value = null
    failure.value = null
  }

  watch(
    on,
    (isOn) => {
      stop()
      controller = new AbortController()
      if (isOn) void run(controller.signal)
    },
    { immediate: true, flush: 'post' },
  )
  onScopeDispose(stop)

  const summary = computed(() => {
    if (!live.value) return null
    const { prediction, running, moments, tookMs } = live.value
    return {
      model: prediction.model,
      threshold: prediction.threshold,
      verdict: verdictOf(running, prediction.threshold),
      fake: meanFake(running),
      rate: frameRate(moments),
      tookMs,
    }
  })
  const faces = computed(() => live.value?.prediction.faces ?? [])
  const leading = computed(() => live.value?.prediction.leading_face ?? 0)
  return { summary, faces, leading, failure }
}

export type LiveSummary = NonNullable<ReturnType<typeof useLiveVerdict>['summary']['value']>
