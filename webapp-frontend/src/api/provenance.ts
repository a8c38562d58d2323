import { answerOf } from './answer'
import { client } from './client'
import { pictureForm } from './picture'
import type { ProvenanceAnswer } from './types'

/** What a file says of itself; `personal`: with places, names, serial numbers and comments. */
export function readProvenance(
  file: File,
  personal: boolean,
  signal: AbortSignal,
): Promise<ProvenanceAnswer> {
  const params = { query: { personal } }
  return answerOf(client.POST('/api/provenance', { params, ...pictureForm(file), signal }))
}
