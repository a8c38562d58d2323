import { answerOf } from './answer'
import { client } from './client'
import { pictureForm } from './picture'
import type { Question } from './predict'

/** What was asked of which models; the history is left alone. */
export type Judging = Omit<Question, 'history'>

/** A report to hand on, as a file; with its heat map it takes the service some seconds. */
export function getReport(file: File, judging: Judging, format: 'html' | 'json'): Promise<Blob> {
  const query = { ...judging, format }
  const sent = { params: { query }, ...pictureForm(file), parseAs: 'blob' } as const
  return answerOf<Blob>(client.POST('/api/report', sent))
}
