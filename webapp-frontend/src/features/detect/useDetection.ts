import { onScopeDispose, shallowRef, watch } from 'vue'
import { asFailure, type ApiFailure } from '@/api/failure'
import { askModels, type Question } from '@/api/predict'
import type { Comparison } from '@/api/types'
import { shared } from '@/ui/shared'
import { useJudging } from './useJudging'
import { useKeeping } from './useKeeping'

export interface SentPicture {
  file: File
  /** Object URL for the preview, revoked when the next picture comes. */
  url: string
}

export type Outcome =
  | { step: 'waiting' }
  | { step: 'answered'; answer: Comparison }
  | { step: 'failed'; failure: ApiFailure }

/** The picture being checked and what came of it. `question` says, when it is sent, what to ask. */
export function createDetection(question: () => Question) {
  const picture = shallowRef<SentPicture | null>(null)
  const outcome = shallowRef<Outcome | null>(null)
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
    const result = await askModels(file, question(), signal).then(
      (answer): Outcome => ({ step: 'answered', answer }),
      (thrown: unknown): Outcome => ({ step: 'failed', failure: asFailure(thrown) }),
    )
    if (!signal.aborted) outcome.value = result
  }

  function check(file: File) {
    drop()
    picture.value = { file, url: URL.createObjectURL(file) }
    return send(file)
  }

  async function retry() {
    if (picture.value) await send(picture.value.file)
  }

  onScopeDispose(drop)
  return { picture, outcome, check, retry }
}

export type Detection = ReturnType<typeof createDetection>

/** The same by some models, in the way that the reader has chosen; asked again when that changes. */
export function createChosenDetection(models: () => string) {
  const keep = useKeeping()
  const { whole, stability } = useJudging()
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
