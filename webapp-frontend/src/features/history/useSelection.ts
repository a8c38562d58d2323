import { computed, ref, type Ref, watch } from 'vue'
import type { HistoryEntry } from '@/api/types'
import { idsOf } from './useHistory'

/** The rows of a page that the reader has ticked; those that leave the page lose their tick. */
export function useSelection(entries: Ref<HistoryEntry[]>) {
  const selected = ref<number[]>([])
  const rows = computed(() => entries.value.filter(({ id }) => selected.value.includes(id)))
  const ids = computed(() => rows.value.flatMap(idsOf))
  const all = computed({
    get: () => rows.value.length > 0 && rows.value.length === entries.value.length,
    set: (ticked) => (selected.value = ticked ? entries.value.map(({ id }) => id) : []),
  })
  watch(rows, (those) => {
    if (those.length < selected.value.length) selected.value = those.map(({ id }) => id)
  })
  return { selected, ids, all }
}
