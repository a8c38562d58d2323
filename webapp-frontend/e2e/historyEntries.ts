import { expect, type APIRequestContext } from '@playwright/test'
import { picture, type Sent } from './picture'

/** Has all models judge a picture under this name, and waits for its entry in the history. */
export async function addHistoryEntry(request: APIRequestContext, name: string, sent: Sent = picture()) {
  await request.post('/api/predict?models=all', { multipart: { image: { ...sent, name } }, timeout: 120_000 })
  await expect.poll(() => countHistoryEntries(request, name), { intervals: [100] }).toBeGreaterThan(0)
}

/** Number of entries of the history with this in their name. */
export async function countHistoryEntries(request: APIRequestContext, name: string) {
  const answer = await request.get('/api/history', { params: { search: name }, timeout: 120_000 })
  return ((await answer.json()) as { total: number }).total
}
