import { expect, type APIRequestContext } from '@playwright/test'
import { gradient, NO_PICTURE, type Sent } from './picture'
import { zip } from './zip'

const MINE = 'e2e-'

interface Job {
  id: string
  file: string
  state: string
}

/** An archive of good pictures, all alike, and a broken one at its end. */
export function archive(name: string, pictures: number): Sent {
  const buffer = gradient(64)
  const good = Array.from({ length: pictures }, (_, index) => ({
    name: `faces/${String(index)}.png`,
    buffer,
  }))
  return zip(`${MINE}${name}.zip`, [...good, { ...NO_PICTURE, name: 'broken.jpg' }])
}

/** Has the active model judge an archive. */
export async function startJob(request: APIRequestContext, sent: Sent): Promise<Job> {
  const answer = await request.post('/api/jobs', { multipart: { archive: sent }, timeout: 120_000 })
  expect(answer.status()).toBe(202)
  return ((await answer.json()) as { job: Job }).job
}

/** A job that has judged a good and a broken picture. */
export async function finishedJob(request: APIRequestContext): Promise<Job> {
  const { id } = await startJob(request, archive('finished', 1))
  const read = async () => ((await (await request.get(`/api/jobs/${id}`)).json()) as { job: Job }).job
  // The worker does one job after another.
  await expect
    .poll(async () => (await read()).state, { timeout: 120_000, intervals: [100] })
    .not.toMatch(/waiting|running/)
  const job = await read()
  expect(job.state).toBe('finished')
  return job
}

/** Deletes the jobs of these tests, and no others. */
export async function forgetJobs(request: APIRequestContext) {
  const { jobs } = (await (await request.get('/api/jobs?limit=1000')).json()) as { jobs: Job[] }
  for (const { id, file } of jobs) {
    if (!file.startsWith(MINE)) continue
    await request.post(`/api/jobs/${id}/cancel`)
    await request.delete(`/api/jobs/${id}`)
  }
}
