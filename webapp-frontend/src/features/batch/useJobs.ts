import { computed, ref, shallowRef, watch } from 'vue'
import { asFailure, type ApiFailure } from '@/api/failure'
import { listJobs } from '@/api/jobs'
import type { JobList } from '@/api/types'
import { usePolling } from '@/api/usePolling'

const PER_PAGE = 10
// Not by events: a browser gives a host few connections, and there may be twenty active jobs.
const POLL_MS = 2000

/** All jobs, newest first and a page at a time, read again while the page is seen. */
export function useJobs() {
  const page = ref(1)
  const list = shallowRef<JobList | null>(null)
  const failure = shallowRef<ApiFailure | null>(null)
  const pages = computed(() => Math.ceil((list.value?.total ?? 0) / PER_PAGE))
  let latest = 0

  async function load() {
    const turn = ++latest
    try {
      const found = await listJobs({ limit: PER_PAGE, offset: (page.value - 1) * PER_PAGE })
      if (turn !== latest) return
      list.value = found
      failure.value = null
      // The last page may have been emptied.
      page.value = Math.max(1, Math.min(page.value, pages.value))
    } catch (thrown) {
      if (turn === latest) failure.value = asFailure(thrown)
    }
  }

  usePolling(load, POLL_MS)
  watch(page, load)
  return { page, pages, list, failure, load }
}
