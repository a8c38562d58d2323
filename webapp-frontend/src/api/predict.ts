import { answerOf } from './answer'
import { client } from './client'
import { ApiFailure } from './failure'
import type { Comparison } from './types'

/** The API refuses anything larger, so it need not travel. */
const MAX_BYTES = 10 * 1024 * 1024

export interface Question {
  /** `all`, or names separated by commas. */
  models: string
  /** Whether the service may keep the verdicts; it never keeps the picture. */
  history: boolean
  /** Whether to judge the whole picture instead of the faces on it. */
  whole: boolean
  /** When to see whether the verdict holds under small changes. */
  stability: 'auto' | 'always' | 'never'
}

/** Asks several models about one picture. */
export async function askModels(
  file: File,
  question: Question,
  signal: AbortSignal,
): Promise<Comparison> {
  if (file.size > MAX_BYTES) throw new ApiFailure('too_large')
  const answer = await answerOf(
    client.POST('/api/predict', {
      params: { query: question },
      // The generated types have no word for a file: they call it a string.
      body: { image: file as unknown as string },
      bodySerializer: ({ image }) => {
        const form = new FormData()
        form.append('image', image)
        return form
      },
      signal,
    }),
  )
  if (!('results' in answer)) throw new ApiFailure('unreadable')
  return answer
}
