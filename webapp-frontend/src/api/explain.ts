import { answerOf } from './answer'
import { client } from './client'
import { pictureForm } from './picture'
import type { Explanation, Job, Method } from './types'

export interface HeatQuestion {
  model: string
  method: Method
  /** The place among the faces of the model's verdict, where it judged faces. */
  face?: number
  /** Whether the whole picture was judged instead. */
  whole: boolean
}

/** Why a model leans one way on a picture; where that takes long, the job that finds out. */
export async function explain(
  file: File,
  question: HeatQuestion,
  signal: AbortSignal,
): Promise<Explanation | Job> {
  const sent = { params: { query: question }, ...pictureForm(file), signal }
  return explanationOrJob(await answerOf(client.POST('/api/explain', sent)))
}

/** What a job has found out; the job itself where it has not ended. */
export async function getExplanation(id: string): Promise<Explanation | Job> {
  const params = { path: { job: id } }
  return explanationOrJob(await answerOf(client.GET('/api/explanations/{job}', { params })))
}

function explanationOrJob(answer: Explanation | { job: Job }): Explanation | Job {
  return 'job' in answer ? answer.job : answer
}
