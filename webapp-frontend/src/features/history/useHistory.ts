import { computed, onScopeDispose, reactive, ref, watch } from 'vue'
import { useI18n } from 'vue-i18n'
import { deleteHistory, deleteHistoryEntry, type HistoryQuery, listHistory } from '@/api/endpoints'
import { useAsync } from '@/api/useAsync'
import { usePaged } from '@/api/usePaged'
import { saveFile, saveJson } from '@/ui/files'
import { allEntries, csvOf } from './exports'
import { deleteThumbnail, deleteThumbnails } from './thumbnailStore'

/** A filter as the reader sets it; empty fields let everything through. */
export interface HistoryFilter {
  search: string
  model: string
  prediction: '' | 'Real' | 'Fake'
  verdict: '' | 'fake' | 'real' | 'uncertain' | 'out_of_scope'
  /** First and last day, `YYYY-MM-DD` in the reader's time zone. */
  from: string
  to: string
}

export function emptyFilter(): HistoryFilter {
  return { search: '', model: '', prediction: '', verdict: '', from: '', to: '' }
}

export function isFiltered(filter: HistoryFilter): boolean {
  return Object.values(toQuery(filter)).some((value) => value !== undefined)
}

/** The filter as the API takes it: the days become moments, the last day still counts. */
export function toQuery(filter: HistoryFilter): HistoryQuery {
  return {
    search: filter.search.trim() || undefined,
    model: filter.model || undefined,
    prediction: filter.prediction || undefined,
    verdict: filter.verdict || undefined,
    since: midnight(filter.from, 0),
    until: midnight(filter.to, 1),
  }
}

/** When a day of the reader's begins, or one of the days after it. */
function midnight(day: string, later: number): string | undefined {
  const [year, month, date] = day.split('-').map(Number)
  if (!year || !month || !date) return undefined
  return new Date(year, month - 1, date + later).toISOString()
}

const PER_PAGE = 20
/** A search waits until the typing pauses. */
const PAUSE_MS = 300

/** Past verdicts that match the filter, a page at a time. */
export function useHistory() {
  const filter = reactive(emptyFilter())
  const filtered = computed(() => isFiltered(filter))
  const { page, pages, list, failure, load } = usePaged(
    (slice) => listHistory(toQuery(filter), slice),
    PER_PAGE,
  )

  const removal = useAsync(async (_signal, entry: number | null) => {
    await forgetThumbnails(entry)
    await (entry === null ? deleteHistory(toQuery(filter)) : deleteHistoryEntry(entry))
    await load()
  })

  /** The thumbnails go with the verdicts; of all verdicts, also those of other pages. */
  async function forgetThumbnails(entry: number | null) {
    const image = list.value?.entries.find(({ id }) => id === entry)?.image
    const all = entry === null && !filtered.value
    const request = all ? deleteThumbnails() : image ? deleteThumbnail(image.sha256) : undefined
    await request?.catch(() => undefined)
  }

  const saving = useAsync(async (_signal, format: 'csv' | 'json') => {
    const query = toQuery(filter)
    const entries = await allEntries((slice) => listHistory(query, slice))
    if (format === 'json') saveJson({ entries }, 'history.json')
    else saveFile(new Blob([csvOf(entries)], { type: 'text/csv' }), 'history.csv')
  })

  let timer: number | undefined
  watch(filter, () => {
    window.clearTimeout(timer)
    timer = window.setTimeout(() => {
      page.value = 1
      void load()
    }, PAUSE_MS)
  })
  onScopeDispose(() => {
    window.clearTimeout(timer)
  })

  function reset() {
    Object.assign(filter, emptyFilter())
  }

  void load()
  return { filter, filtered, page, pages, history: list, failure, load, removal, saving, reset }
}

/** What the reader is about to delete: one entry, or (null) all that the list holds. */
export function useDeletion(remove: (entry: number | null) => Promise<void>) {
  const { t } = useI18n()
  const open = ref(false)
  const entry = ref<number | null>(null)
  const total = ref(1)

  function askFor(one: number | null, howMany: number) {
    entry.value = one
    total.value = howMany
    open.value = true
  }

  async function confirm() {
    open.value = false
    await remove(entry.value)
  }

  const title = computed(() => t('history.delete.title', total.value))
  const action = computed(() => t('history.delete.action', total.value))
  return { open, title, action, askFor, confirm }
}
