import { computed, shallowReactive } from 'vue'
import { makeThumbnail } from '@/ui/scaling'
import { openEntry, readZip, type ZipEntry } from './zipReader'

/** An archive that the reader chose, which stays on this device. */
interface LocalArchive {
  file: File
  entries: Map<string, ZipEntry>
  /** Object URLs by path, the latest last. */
  thumbnails: Map<string, Promise<string | null>>
}

const MOST_ARCHIVES = 4
const MOST_THUMBNAILS = 500
const archives = shallowReactive(new Map<string, LocalArchive>())

/** Remembers a job's archive until the page is closed. False if it holds none of the `paths`. */
export async function keepArchive(job: string, file: File, paths: string[] = []): Promise<boolean> {
  const entries = await readZip(file).catch(() => new Map<string, ZipEntry>())
  if (paths.length && !paths.some((path) => entries.has(path))) return false
  forget(job)
  archives.set(job, { file, entries, thumbnails: new Map() })
  for (const oldest of archives.keys()) {
    if (archives.size <= MOST_ARCHIVES) break
    forget(oldest)
  }
  return true
}

function forget(job: string) {
  archives.get(job)?.thumbnails.forEach(revoke)
  archives.delete(job)
}

function revoke(thumbnail: Promise<string | null>) {
  void thumbnail.then((url) => {
    if (url) URL.revokeObjectURL(url)
  })
}

/** The pictures of a job while this page has its archive. The service deletes its own copy. */
export function useLocalPictures(job: string) {
  const archive = computed(() => archives.get(job)?.file ?? null)

  function has(path: string): boolean {
    return archives.get(job)?.entries.has(path) ?? false
  }

  async function open(path: string): Promise<File | null> {
    const local = archives.get(job)
    const entry = local?.entries.get(path)
    const content = local && entry ? await openEntry(local.file, entry) : null
    return content && new File([content], path.split('/').at(-1) ?? path)
  }

  /** An object URL; null if the picture is not here or the browser cannot read its format. */
  function thumbnailOf(path: string): Promise<string | null> {
    const thumbnails = archives.get(job)?.thumbnails
    if (!thumbnails) return Promise.resolve(null)
    const thumbnail = thumbnails.get(path) ?? createThumbnail(path)
    thumbnails.delete(path)
    thumbnails.set(path, thumbnail)
    const [oldest] = thumbnails
    if (oldest && thumbnails.size > MOST_THUMBNAILS) {
      thumbnails.delete(oldest[0])
      revoke(oldest[1])
    }
    return thumbnail
  }

  async function createThumbnail(path: string): Promise<string | null> {
    const picture = await open(path)
    const thumbnail = picture && (await makeThumbnail(picture))
    return thumbnail && URL.createObjectURL(thumbnail)
  }

  return { archive, has, open, thumbnailOf }
}

export type LocalPictures = ReturnType<typeof useLocalPictures>
