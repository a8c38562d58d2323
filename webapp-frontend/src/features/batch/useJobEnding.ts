import { computed, shallowRef } from 'vue'
import { cancelJob, deleteJob } from '@/api/jobs'
import type { Job } from '@/api/types'
import { useRequest } from '@/api/useRequest'

interface After {
  cancelled: () => unknown
  deleted: () => unknown
}

/** Cancels a job, or deletes one after the reader was asked. */
export function useJobEnding(after: After) {
  const { busy, failure, run: cancel } = useRequest(async ({ id }: Job) => {
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
  const removal = useRequest(async ({ id }: Job) => {
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
