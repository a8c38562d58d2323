import { answerOf } from './answer'
import { client } from './client'
import { pictureForm } from './picture'
import type { Judging } from './report'
import type { CaseAnswer } from './types'

/** What someone knows of a picture that was judged wrongly. */
export interface Objection {
  really: 'real' | 'fake' | 'unsure'
  note: string
  /** Whether the service may keep the picture. */
  keep: boolean
}

/** Tells the service that a verdict is wrong; it judges the picture once more itself. */
export function object(
  file: File,
  judging: Judging,
  { really, note, keep }: Objection,
): Promise<CaseAnswer> {
  const fields = { really, note, keep_picture: keep }
  const params = { query: judging }
  return answerOf(client.POST('/api/cases', { params, ...pictureForm(file, fields) }))
}
