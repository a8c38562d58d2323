import { computed, shallowRef, watch, type Ref } from 'vue'
import { asFailure, type ApiFailure } from '@/api/failure'
import { getJobResults } from '@/api/jobs'
import type { Job, JobPicture } from '@/api/types'

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
