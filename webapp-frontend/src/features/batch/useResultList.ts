import { computed, type Ref } from 'vue'
import type { JobPicture } from '@/api/types'
import { useQueryParam } from '@/ui/state'
import { filterResults, RESULT_FILTERS, type ResultFilter, sortResults } from './jobs'

/** A job's results as the reader filters and sorts them; the choice is kept in the address. */
export function useResultList(results: Ref<JobPicture[]>) {
  const view = useQueryParam('view')
  const show = useQueryParam('show')
  const search = useQueryParam('search')
  const order = useQueryParam('sort')

  const filter = computed<ResultFilter>({
    get: () => RESULT_FILTERS.find((name) => name === show.value) ?? 'all',
    set: (name) => (show.value = name === 'all' ? '' : name),
  })
  const layout = computed<'table' | 'gallery'>({
    get: () => (view.value === 'gallery' ? 'gallery' : 'table'),
    set: (name) => (view.value = name === 'table' ? '' : name),
  })
  const matches = computed(() =>
    sortResults(filterResults(results.value, filter.value, search.value), order.value),
  )
  return { filter, search, order, layout, matches }
}
