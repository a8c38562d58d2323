import { onScopeDispose, ref, shallowRef, watch } from 'vue'
import { type ApiFailure, asFailure } from '@/api/client'
import { useConfig } from '@/api/config'
import { getPreview, predict, type PredictOptions } from '@/api/endpoints'
import type { Comparison } from '@/api/types'
import { shared, useRemembered } from '@/ui/state'
import type { ExampleName } from './examples'
import { shrunkCopy } from './shrinking'

/** Where a picture comes from if it is not simply the reader's file. */
interface PictureOrigin {
  /** The reader's file where a shrunk copy is checked. */
  original?: File
  example?: ExampleName
}

export interface SentPicture extends PictureOrigin {
  file: File
  /** Object URL for display, revoked when the next picture comes. */
  url: string
  /** Whether `url` is a JPEG by the service, because the browser cannot display the file. */
  isConverted?: boolean
}

export type Outcome =
  | { step: 'waiting' }
  | { step: 'answered'; answer: Comparison }
  | { step: 'failed'; failure: ApiFailure }

/** The picture being checked and what came of it. `question` says, when it is sent, what to ask. */
export function createDetection(question: () => PredictOptions) {
  const picture = shallowRef<SentPicture | null>(null)
  const outcome = shallowRef<Outcome | null>(null)
  const config = useConfig()
  /** The picture that the browser could not display. */
  const undisplayed = shallowRef<SentPicture | null>(null)
  let request = new AbortController()

  function drop() {
    request.abort()
    if (picture.value) URL.revokeObjectURL(picture.value.url)
  }

  async function send(file: File) {
    request.abort()
    request = new AbortController()
    const { signal } = request
    outcome.value = { step: 'waiting' }
    const result = await predict(file, question(), signal).then(
      (answer): Outcome => ({ step: 'answered', answer }),
      (thrown: unknown): Outcome => ({ step: 'failed', failure: asFailure(thrown) }),
    )
    if (!signal.aborted) outcome.value = result
  }

  function check(file: File, origin: PictureOrigin = {}) {
    drop()
    picture.value = { file, url: URL.createObjectURL(file), ...origin }
    return send(file)
  }

  /** Checks a smaller copy of the picture. False if the browser cannot make one. */
  async function shrink(): Promise<boolean> {
    const large = picture.value
    if (!large) return false
    const copy = await shrunkCopy(large.file, config.value)
    // The reader may have chosen another picture by now.
    if (copy && picture.value === large) void check(copy, { original: large.original ?? large.file })
    return copy !== null
  }

  function displayFailed() {
    undisplayed.value = picture.value
  }

  // The verdict comes before the JPEG, and a refused file has none.
  watch([undisplayed, outcome], convert)

  /** Replaces what the browser cannot display by a JPEG from the service. */
  async function convert() {
    const now = undisplayed.value
    if (!now || picture.value !== now || now.isConverted) return
    if (outcome.value?.step !== 'answered') return
    const jpeg = await getPreview(now.file).catch(() => null)
    // The reader may have chosen another picture by now.
    if (!jpeg || picture.value !== now) return
    URL.revokeObjectURL(now.url)
    picture.value = { ...now, url: URL.createObjectURL(jpeg), isConverted: true }
  }

  async function retry() {
    if (picture.value) await send(picture.value.file)
  }

  onScopeDispose(drop)
  return { picture, outcome, check, displayFailed, retry, shrink }
}

export type Detection = ReturnType<typeof createDetection>

const whole = ref(false)
const keep = useRemembered('keep-history', true)
const stability = useRemembered<PredictOptions['stability']>('stability', 'auto')

/** The reader's options for checks. A new visit starts with faces again, so `whole` is not remembered. */
export function usePredictOptions() {
  return { whole, keep, stability }
}

/** The same by some models, in the way that the reader has chosen; asked again when that changes. */
export function createChosenDetection(models: () => string) {
  const detection = createDetection(() => ({
    models: models(),
    history: keep.value,
    whole: whole.value,
    stability: stability.value,
  }))
  watch([models, whole, stability], detection.retry)
  return detection
}

function detectionByAll() {
  return createChosenDetection(() => 'all')
}

/** The one of the start page, kept while the reader looks at other pages. */
export const [provideDetection, useDetection] = shared(detectionByAll)
