import { answerOf } from './answer'
import { client } from './client'
import { ApiFailure } from './failure'
import { pictureForm } from './picture'
import type { Comparison } from './types'

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
  const answer = await answerOf(
    client.POST('/api/predict', { params: { query: question }, ...pictureForm(file), signal }),
  )
  if (!('results' in answer)) throw new ApiFailure('unreadable')
  return answer
}
