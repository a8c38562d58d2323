import { computed, onScopeDispose, reactive, watch } from 'vue'
import { deleteHistory, type HistoryQuery, listHistory } from '@/api/endpoints'
import type { HistoryEntry } from '@/api/types'
import { useAsync } from '@/api/useAsync'
import { usePaged } from '@/api/usePaged'
import { saveFile, saveJson } from '@/ui/files'
import { useRemembered } from '@/ui/state'
import { allEntries, csvOf } from './exports'
import { deleteThumbnail, deleteThumbnails } from './thumbnailStore'
import { useThumbnailChoice } from './useThumbnails'

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
/** Ids in one request, so that its address stays short. */
const IDS_PER_REQUEST = 100
/** A search waits until the typing pauses. */
const PAUSE_MS = 300

/** Whether each check has a row of its own, or each picture one for all of its checks. */
export type Grouping = 'entry' | 'picture'

/** The ids that a row stands for: those of all checks of its picture, or its own. */
export function idsOf({ id, same_picture }: HistoryEntry): number[] {
  return same_picture.length ? same_picture : [id]
}

/** Deletes entries by their ids. */
export async function deleteEntries(ids: number[]): Promise<void> {
  for (let start = 0; start < ids.length; start += IDS_PER_REQUEST) {
    await deleteHistory({ ids: ids.slice(start, start + IDS_PER_REQUEST) })
  }
}

/** Deletes the thumbnails of deleted entries, unless other checks of the same picture remain. */
export async function forgetThumbnails(entries: HistoryEntry[]): Promise<void> {
  const hashes = new Set(entries.map(({ image }) => image.sha256))
  await Promise.all([...hashes].map(forgetThumbnail))
}

async function forgetThumbnail(sha256: string): Promise<void> {
  const others = listHistory({ search: sha256 }, { limit: 1, offset: 0 })
  // Where the service does not say, the picture is forgotten.
  const count = await others.then(({ total }) => total, () => 0)
  if (!count) await deleteThumbnail(sha256).catch(() => undefined)
}

/** Past verdicts that match the filter, a page at a time. */
export function useHistory() {
  const hasThumbnails = useThumbnailChoice()
  const grouping = useRemembered<Grouping>('history-grouping', 'entry')
  const filter = reactive(emptyFilter())
  const filtered = computed(() => isFiltered(filter))
  const { page, pages, list, failure, load } = usePaged(
    (slice) => listHistory({ ...toQuery(filter), by: grouping.value }, slice),
    PER_PAGE,
  )

  const removal = useAsync(async (_signal, ids: number[] | null) => {
    const query = toQuery(filter)
    const isAll = ids === null && !filtered.value
    const shown = list.value?.entries ?? []
    // The filter also matches entries of other pages.
    const entries =
      ids === null && !isAll && hasThumbnails.value
        ? await allEntries((slice) => listHistory(query, slice))
        : shown.filter(({ id }) => ids?.includes(id))
    await (ids === null ? deleteHistory(query) : deleteEntries(ids))
    if (isAll) await deleteThumbnails().catch(() => undefined)
    else if (hasThumbnails.value) await forgetThumbnails(entries)
    await load()
  })

  const saving = useAsync(async (_signal, format: 'csv' | 'json') => {
    const query = toQuery(filter)
    const entries = await allEntries((slice) => listHistory(query, slice))
    if (format === 'json') saveJson({ entries }, 'history.json')
    else saveFile(new Blob([csvOf(entries)], { type: 'text/csv' }), 'history.csv')
  })

  /** Reads the list again, as others may have changed it, and counts its entries; null: unreadable. */
  async function recount(): Promise<number | null> {
    await load()
    if (!list.value || failure.value) return null
    if (grouping.value === 'entry') return list.value.total
    const slice = { limit: 1, offset: 0 }
    return listHistory(toQuery(filter), slice).then(({ total }) => total, () => null)
  }

  let timer: number | undefined
  watch(grouping, () => {
    page.value = 1
    void load()
  })
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
  return {
    filter,
    filtered,
    grouping,
    page,
    pages,
    history: list,
    failure,
    load,
    recount,
    removal,
    saving,
    reset,
  }
}
