import { ref, shallowRef } from 'vue'
import { type ApiFailure, asFailure } from '@/api/client'
import { useConfig } from '@/api/config'
import { startJob } from '@/api/endpoints'
import type { Job } from '@/api/types'
import { archiveProblem, type ArchiveProblem } from './jobs'
import { keepArchive } from './useLocalPictures'

/** The archive to be judged and how much of it has gone; it goes on while other pages are seen. */
export function createArchiveUpload() {
  const config = useConfig()
  const archive = shallowRef<File | null>(null)
  const problem = ref<ArchiveProblem | null>(null)
  /** The share that has gone, in [0, 1]; null while nothing is sent. */
  const sent = ref<number | null>(null)
  const failure = shallowRef<ApiFailure | null>(null)
  let request = new AbortController()

  function take(file: File) {
    if (sent.value !== null) return
    failure.value = null
    problem.value = archiveProblem(file, config.value?.max_archive_bytes ?? Infinity)
    if (!problem.value) archive.value = file
  }

  function forget() {
    cancel()
    archive.value = problem.value = failure.value = null
  }

  /** The job that was accepted; null where none was. */
  async function send(asked: Record<string, string>): Promise<Job | null> {
    const file = archive.value
    if (!file || sent.value !== null) return null
    request = new AbortController()
    const { signal } = request
    sent.value = 0
    problem.value = null
    failure.value = null
    try {
      const progress = (share: number) => (sent.value = share)
      const job = await startJob(file, asked, { progress, signal })
      await keepArchive(job.id, file)
      archive.value = null
      return job
    } catch (thrown) {
      if (!signal.aborted) failure.value = asFailure(thrown)
      return null
    } finally {
      sent.value = null
    }
  }

  function cancel() {
    request.abort()
  }

  return { archive, problem, sent, failure, take, forget, send, cancel }
}
