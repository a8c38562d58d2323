import { answerOf } from './answer'
import { client } from './client'
import type { paths } from './schema'
import type { Job, JobAnswer, JobList, JobPicture } from './types'
import { upload, type Sending } from './upload'

const JOBS: keyof paths = '/api/jobs'

/** Has every picture of a ZIP archive judged. `models`: `all`, names with commas; empty: the active one. */
export async function startJob(
  archive: File,
  asked: Record<string, string>,
  sending: Sending,
): Promise<Job> {
  const form = new FormData()
  form.append('archive', archive)
  const query = new URLSearchParams(asked).toString()
  const address = query ? `${JOBS}?${query}` : JOBS
  return (await answerOf(upload<JobAnswer>(address, form, sending))).job
}

export function listJobs(page: { limit: number; offset: number }): Promise<JobList> {
  return answerOf(client.GET('/api/jobs', { params: { query: page } }))
}

export async function getJob(job: string): Promise<Job> {
  return (await answerOf(client.GET('/api/jobs/{job}', { params: { path: { job } } }))).job
}

/** What was found for the files from `offset` on, in the archive's order. */
export async function getJobResults(
  job: string,
  query: { limit: number; offset: number },
): Promise<JobPicture[]> {
  const params = { path: { job }, query }
  return (await answerOf(client.GET('/api/jobs/{job}/results', { params }))).results
}

/** Ends an active job and keeps what it has found; one that has ended stays as it is. */
export async function cancelJob(job: string): Promise<Job> {
  return (await answerOf(client.POST('/api/jobs/{job}/cancel', { params: { path: { job } } }))).job
}

/** Forgets a job that has ended. */
export async function deleteJob(job: string): Promise<void> {
  await answerOf(client.DELETE('/api/jobs/{job}', { params: { path: { job } } }))
}

/** Server-sent events: `progress` and `end`, each with the job as JSON. */
export function jobEventsUrl(job: string): string {
  return `${JOBS}/${job}/events`
}

export function jobTableUrl(job: string): string {
  return `${JOBS}/${job}/results?format=csv`
}
