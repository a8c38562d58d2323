import { answerOf } from './answer'
import { client } from './client'
import { pictureForm } from './picture'
import type { ForensicLook, ViewId } from './types'

/** One way to look at a picture; some take the service a second. */
export async function lookAt(file: File, view: ViewId, signal: AbortSignal): Promise<ForensicLook> {
  const params = { query: { view } }
  const sent = { params, ...pictureForm(file), signal }
  return (await answerOf(client.POST('/api/forensics', sent))) as ForensicLook
}
