import { onScopeDispose, ref, watch } from 'vue'
import { type Detection, usePredictOptions } from '@/features/detect/useDetection'
import { useRemembered } from '@/ui/state'
import { makeThumbnail } from '@/ui/scaling'
import { deleteThumbnails, readThumbnail, saveThumbnail } from './thumbnailStore'

const enabled = useRemembered('history-thumbnails', false)
watch(enabled, (isOn) => {
  if (!isOn) void deleteThumbnails().catch(() => undefined)
})

/** How many were saved since the page was opened: lists that are open show them. */
const saves = ref(0)

/** Whether this browser keeps thumbnails for the history. Switching it off deletes them. */
export function useThumbnailChoice() {
  return enabled
}

/** Keeps a thumbnail of each judged picture in this browser while the reader wants that and a history. */
export function useThumbnailKeeping({ picture, outcome }: Detection) {
  const { keep } = usePredictOptions()

  watch(outcome, async (now) => {
    const file = picture.value?.file
    if (!enabled.value || !keep.value || now?.step !== 'answered' || !file) return
    const sha256 = now.answer.results[0]?.image.sha256
    const thumbnail = sha256 && (await makeThumbnail(file))
    // A full disk or private browsing leaves the history without thumbnails.
    if (!thumbnail) return
    await saveThumbnail(sha256, thumbnail).catch(() => undefined)
    saves.value += 1
  })
}

/** The thumbnail of a picture as an object URL; null while there is none. */
export function useThumbnail(sha256: () => string) {
  const url = ref<string | null>(null)

  function revoke() {
    if (url.value) URL.revokeObjectURL(url.value)
    url.value = null
  }

  async function load() {
    const hash = sha256()
    const thumbnail = enabled.value ? await readThumbnail(hash).catch(() => null) : null
    revoke()
    if (thumbnail && hash === sha256()) url.value = URL.createObjectURL(thumbnail)
  }

  watch([sha256, enabled, saves], load, { immediate: true })
  onScopeDispose(revoke)
  return url
}
