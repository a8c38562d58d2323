import { computed, onScopeDispose, type Ref, shallowRef, watch } from 'vue'
import { type ApiFailure, asFailure } from '@/api/client'
import { probe } from '@/api/connection'
import {
  cancelJob,
  deleteJob,
  getJob,
  getJobResults,
  jobEventsUrl,
  listJobs,
} from '@/api/endpoints'
import type { Job, JobPicture } from '@/api/types'
import { useAsync } from '@/api/useAsync'
import { usePaged } from '@/api/usePaged'
import { usePolling } from '@/api/usePolling'
import { isActive } from './jobs'

const PER_PAGE = 10
// Not by events: a browser gives a host few connections, and there may be twenty active jobs.
const POLL_MS = 2000

/** All jobs, newest first and a page at a time, refreshed while the page is visible. */
export function useJobs() {
  const paged = usePaged(listJobs, PER_PAGE)
  usePolling(paged.load, POLL_MS)
  return paged
}

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
      // The page says that the service is away, even where nothing else asks it.
      void probe()
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

/** As many as the API gives at once. */
const PER_REQUEST = 1000

/** All that a job has found so far, in the archive's order; each result is read once. */
export function useJobResults(job: Ref<Job | null>) {
  const results = shallowRef<JobPicture[]>([])
  const failure = shallowRef<ApiFailure | null>(null)
  const loading = computed(() => results.value.length < (job.value?.done ?? 0))
  let reading = false

  async function read() {
    if (reading) return
    reading = true
    failure.value = null
    try {
      while (job.value && loading.value) {
        const place = { limit: PER_REQUEST, offset: results.value.length }
        const found = await getJobResults(job.value.id, place)
        if (!found.length) break
        results.value = [...results.value, ...found]
      }
    } catch (thrown) {
      failure.value = asFailure(thrown)
    } finally {
      reading = false
    }
  }

  watch(() => job.value?.done, read, { immediate: true })
  return { results, failure, loading, read }
}

interface After {
  cancelled: () => unknown
  deleted: () => unknown
}

/** Cancels a job, or deletes one after the reader was asked. */
export function useJobActions(after: After) {
  const { busy, failure, run: cancel } = useAsync(async (_signal, { id }: Job) => {
    await cancelJob(id)
    await after.cancelled()
  })

  /** The one that the reader is asked about. */
  const doomed = shallowRef<Job | null>(null)
  const asking = computed({
    get: () => doomed.value !== null,
    set: (open) => {
      if (!open) doomed.value = null
    },
  })
  const removal = useAsync(async (_signal, { id }: Job) => {
    await deleteJob(id)
    await after.deleted()
  })

  async function remove() {
    const job = doomed.value
    doomed.value = null
    if (job) await removal.run(job)
  }

  const failed = computed(() => failure.value ?? removal.failure.value)
  return { busy, failure: failed, cancel, asking, ask: (job: Job) => (doomed.value = job), remove }
}
