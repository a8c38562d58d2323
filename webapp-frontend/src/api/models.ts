import { answerOf } from './answer'
import { client } from './client'
import type { ModelEvaluation, ModelList, ModelRow, ModelSpeed } from './types'

export function listModels(): Promise<ModelList> {
  return answerOf(client.GET('/api/models'))
}

export function getEvaluation(name: string): Promise<ModelEvaluation> {
  return answerOf(client.GET('/api/models/{name}/evaluation', { params: { path: { name } } }))
}

/** Has the service time the model on one picture; takes about a second. */
export function measureSpeed(name: string): Promise<ModelSpeed> {
  return answerOf(client.POST('/api/models/{name}/speed', { params: { path: { name } } }))
}

export async function setActive(name: string): Promise<string> {
  return (await answerOf(client.PUT('/api/models/active', { body: { name } }))).active
}

/** Sets the threshold, in [0, 1]; null goes back to the model's own. */
export async function setThreshold(name: string, threshold: number | null): Promise<ModelRow> {
  const change = { params: { path: { name } }, body: { threshold } }
  return (await answerOf(client.PATCH('/api/models/{name}', change))).model
}
