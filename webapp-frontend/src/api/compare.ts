import { answerOf } from './answer'
import { client } from './client'
import type { ModelComparison } from './types'

/** Two or more models on the test pictures of a data set that all of them were measured on. */
export function compareOnTests(
  models: string[],
  dataset: string | undefined,
  signal: AbortSignal,
): Promise<ModelComparison> {
  const query = { models: models.join(','), dataset }
  return answerOf(client.GET('/api/compare', { params: { query }, signal }))
}

/** Where a test picture can be seen, scaled down. */
export function testPictureUrl(sha256: string): string {
  return `/api/compare/pictures/${sha256}`
}
