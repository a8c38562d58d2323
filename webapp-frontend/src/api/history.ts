import { answerOf } from './answer'
import { client } from './client'
import type { paths } from './schema'
import type { HistoryPage } from './types'

/** What the API understands as a filter; without one, everything. */
export type HistoryQuery = NonNullable<paths['/api/history']['delete']['parameters']['query']>

export function listHistory(
  query: HistoryQuery,
  page: { limit: number; offset: number },
): Promise<HistoryPage> {
  return answerOf(client.GET('/api/history', { params: { query: { ...query, ...page } } }))
}

/** Forgets every entry that the filter lets through. */
export async function deleteHistory(query: HistoryQuery): Promise<number> {
  return (await answerOf(client.DELETE('/api/history', { params: { query } }))).deleted
}

export async function deleteHistoryEntry(entry: number): Promise<number> {
  const path = { entry }
  return (await answerOf(client.DELETE('/api/history/{entry}', { params: { path } }))).deleted
}
