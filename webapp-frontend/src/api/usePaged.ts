import { computed, ref, watch, type Ref } from 'vue'
import { useAsync } from './useAsync'

/** The part of a list that a request returns. */
export interface Slice {
  limit: number
  offset: number
}

/** A list that the service returns page by page. The caller runs the first `load`. */
export function usePaged<T extends { total: number }>(
  request: (slice: Slice, signal: AbortSignal) => Promise<T>,
  perPage: number,
) {
  const page = ref(1)
  const { data, busy, failure, run: load } = useAsync((signal) =>
    request({ limit: perPage, offset: (page.value - 1) * perPage }, signal),
  )
  const pages = computed(() => Math.ceil((data.value?.total ?? 0) / perPage))
  // Deletions may have emptied the last page.
  watch(data, () => (page.value = Math.max(1, Math.min(page.value, pages.value))))
  watch(page, () => void load())
  return { page, pages, list: data, busy, failure, load }
}

/** Pages of a list that is already here; it starts again at the first page when `restart` changes. */
export function usePages<T>(items: Ref<T[]>, perPage: number, restart: () => unknown) {
  const page = ref(1)
  const pages = computed(() => Math.ceil(items.value.length / perPage))
  const first = computed(() => (page.value - 1) * perPage)
  const visible = computed(() => items.value.slice(first.value, first.value + perPage))
  watch(restart, () => (page.value = 1))
  return { page, pages, first, visible }
}
