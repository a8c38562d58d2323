import { onScopeDispose, shallowRef } from 'vue'
import { asFailure, type ApiFailure } from '@/api/failure'
import { getJob, jobEventsUrl } from '@/api/jobs'
import type { Job } from '@/api/types'
import { isActive } from './jobs'

const RETRY_MS = 3000

/** One job, followed while it is active; null until it is known. */
export function useJob(id: string) {
  const job = shallowRef<Job | null>(null)
  const failure = shallowRef<ApiFailure | null>(null)
  let events: EventSource | undefined
  let timer: number | undefined
  let over = false

  function stop() {
    window.clearTimeout(timer)
    events?.close()
  }

  async function load() {
    stop()
    try {
      const found = await getJob(id)
      if (over) return
      job.value = found
      failure.value = null
      if (isActive(found)) follow()
    } catch (thrown) {
      if (over) return
      failure.value = asFailure(thrown)
      // A service that is down comes back; a job that is gone does not.
      if (failure.value.kind !== 'refused') loadLater()
    }
  }

  function loadLater() {
    stop()
    timer = window.setTimeout(() => void load(), RETRY_MS)
  }

  function follow() {
    stop()
    const source = new EventSource(jobEventsUrl(id))
    const take = ({ data }: MessageEvent<string>) => {
      job.value = JSON.parse(data) as Job
      if (!isActive(job.value)) stop()
    }
    source.addEventListener('progress', take)
    source.addEventListener('end', take)
    source.onerror = () => {
      // A lost connection is made again by the browser; what is refused is not, and asking says why.
      if (source.readyState === EventSource.CLOSED) loadLater()
    }
    events = source
  }

  void load()
  onScopeDispose(() => {
    over = true
    stop()
  })
  return { job, failure, load }
}
