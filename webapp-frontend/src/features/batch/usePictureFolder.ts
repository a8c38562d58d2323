import { computed, ref, shallowRef, watch } from 'vue'
import { useConfig } from '@/api/config'
import type { Job } from '@/api/types'
import { shared } from '@/ui/state'
import { isArchive } from './jobs'
import { commonFolder, mayBePicture, pack, type PackingPlan, planPacking } from './packing'
import { createArchiveUpload } from './useArchiveUpload'

/** Many pictures that are packed here and judged as jobs; it goes on while other pages are seen. */
export function createPictureFolder() {
  const config = useConfig()
  const upload = createArchiveUpload()
  const plan = shallowRef<PackingPlan | null>(null)
  const name = ref('')
  const packing = ref(false)
  const unreadable = ref(false)
  /** True until the first try to send what was chosen. */
  const fresh = ref(false)
  /** Files were chosen while others are sent. */
  const refused = ref(false)
  const pictures = computed(() => plan.value?.archives.flat() ?? [])
  const jobs = shallowRef<Job[]>([])
  const busy = computed(() => packing.value || upload.sent.value !== null)
  let cancelled = false

  /** True if every file fits one archive and nothing was tried yet: there is nothing to decide. */
  const startsAtOnce = computed(() => {
    if (!plan.value || !fresh.value || busy.value) return false
    const { archives, leftOut } = plan.value
    return archives.length === 1 && !Object.values(leftOut).some((files) => files.length)
  })

  /** True while files are sent; the reader then learns that no others are taken. */
  function refuse(): boolean {
    refused.value = busy.value
    return refused.value
  }

  watch(busy, (now) => {
    if (!now) refused.value = false
  })

  function take(files: File[]) {
    if (refuse()) return
    fresh.value = true
    upload.failure.value = null
    unreadable.value = false
    jobs.value = []
    name.value = commonFolder(files)
    plan.value = planPacking(files, config.value)
  }

  /** An archive is sent as it is; anything else is packed. */
  function takeAny(files: File[]) {
    const [file, ...others] = files
    if (!file || refuse()) return
    if (others.length || (mayBePicture(file) && !isArchive(file))) {
      take(files)
      return
    }
    plan.value = null
    upload.take(file)
  }

  /** The jobs that were accepted, after the last archive; null if an archive was not. */
  async function send(fallbackName: string, query: Record<string, string>): Promise<Job[] | null> {
    const archives = plan.value?.archives ?? []
    if (busy.value || !archives.length) return null
    cancelled = unreadable.value = fresh.value = false
    // A second try goes on with the archive that failed: none is judged twice.
    for (let index = jobs.value.length; index < archives.length; index += 1) {
      const part = archives.length > 1 ? ` ${String(index + 1)} of ${String(archives.length)}` : ''
      const job = await sendOne(archives[index] ?? [], `${name.value || fallbackName}${part}.zip`, query)
      if (!job) return null
      jobs.value = [...jobs.value, job]
    }
    plan.value = null
    return jobs.value
  }

  async function sendOne(files: File[], archiveName: string, query: Record<string, string>) {
    packing.value = true
    try {
      upload.take(await pack(files, archiveName))
    } catch {
      // A file was moved or changed after it was chosen.
      unreadable.value = true
      return null
    } finally {
      packing.value = false
    }
    return cancelled ? null : upload.send(query)
  }

  function cancel() {
    cancelled = true
    upload.cancel()
  }

  function forget() {
    cancel()
    upload.forget()
    plan.value = null
  }

  return {
    plan,
    pictures,
    name,
    jobs,
    packing,
    unreadable,
    busy,
    refused,
    startsAtOnce,
    upload,
    refuse,
    take,
    takeAny,
    send,
    cancel,
    forget,
  }
}

/** The files of the start page. */
export const [providePictureFolder, usePictureFolder] = shared(createPictureFolder)
/** The files of the Batch page. */
export const [provideJobFiles, useJobFiles] = shared(createPictureFolder)

export type PictureFolder = ReturnType<typeof createPictureFolder>
