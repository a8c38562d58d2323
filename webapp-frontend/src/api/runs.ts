import { answerOf } from './answer'
import { client } from './client'
import type { RunDetail, RunSummary } from './types'

export async function listRuns(): Promise<RunSummary[]> {
  return (await answerOf(client.GET('/api/runs'))).runs
}

export function getRun(name: string): Promise<RunDetail> {
  return answerOf(client.GET('/api/runs/{name}', { params: { path: { name } } }))
}
