import { expect, type APIRequestContext } from '@playwright/test'
import { picture } from './picture'

/** Has a picture of this name judged by all models, and waits until the history tells of it. */
export async function judged(request: APIRequestContext, name: string) {
  await request.post('/api/predict?models=all', { multipart: { image: { ...picture(), name } } })
  await expect.poll(() => remembered(request, name), { intervals: [100] }).toBeGreaterThan(0)
}

/** How many entries of the history have this in their name. */
export async function remembered(request: APIRequestContext, name: string) {
  const answer = await request.get('/api/history', { params: { search: name } })
  return ((await answer.json()) as { total: number }).total
}
