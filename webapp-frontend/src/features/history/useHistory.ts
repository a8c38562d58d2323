import { computed, reactive, ref, shallowRef, watch } from 'vue'
import { deleteHistory, deleteHistoryEntry, listHistory } from '@/api/history'
import type { HistoryPage } from '@/api/types'
import { anything, isFiltered, toQuery } from './history'
import { useRequest } from '@/api/useRequest'

const PER_PAGE = 20
/** A search waits until the typing pauses. */
const PAUSE_MS = 300

/** Past verdicts: what the filter lets through, a page at a time. */
export function useHistory() {
  const choice = reactive(anything())
  const page = ref(1)
  const history = shallowRef<HistoryPage | null>(null)
  const filtered = computed(() => isFiltered(choice))
  const pages = computed(() => Math.ceil((history.value?.total ?? 0) / PER_PAGE))
  let latest = 0

  const { busy, failure, run: load } = useRequest(async () => {
    const turn = ++latest
    const place = { limit: PER_PAGE, offset: (page.value - 1) * PER_PAGE }
    const found = await listHistory(toQuery(choice), place)
    if (turn !== latest) return
    history.value = found
    // The last page may have been emptied.
    page.value = Math.max(1, Math.min(page.value, pages.value))
  })

  const removal = useRequest(async (entry: number | null) => {
    await (entry === null ? deleteHistory(toQuery(choice)) : deleteHistoryEntry(entry))
    await load()
  })

  let timer: number | undefined
  watch(choice, () => {
    window.clearTimeout(timer)
    timer = window.setTimeout(() => {
      page.value = 1
      void load()
    }, PAUSE_MS)
  })
  watch(page, load)

  function reset() {
    Object.assign(choice, anything())
  }

  void load()
  return { choice, filtered, page, pages, perPage: PER_PAGE, history, busy, failure, load, removal, reset }
}
