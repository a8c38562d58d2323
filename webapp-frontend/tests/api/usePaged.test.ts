import { flushPromises } from '@vue/test-utils'
import { expect, it } from 'vitest'
import { nextTick, ref, shallowRef } from 'vue'
import { usePaged, usePages, type Slice } from '@/api/usePaged'

it('requests the part of the list that belongs to the page', async () => {
  const slices: Slice[] = []
  const { page, pages, list, load } = usePaged((slice) => {
    slices.push(slice)
    return Promise.resolve({ total: 25 })
  }, 10)
  await load()
  expect([pages.value, list.value]).toEqual([3, { total: 25 }])
  page.value = 3
  await flushPromises()
  expect(slices).toEqual([{ limit: 10, offset: 0 }, { limit: 10, offset: 20 }])
})

it('goes back to the last page that still has entries', async () => {
  let total = 21
  const { page, load } = usePaged(() => Promise.resolve({ total }), 10)
  await load()
  page.value = 3
  await flushPromises()
  total = 20
  await load()
  await flushPromises()
  expect(page.value).toBe(2)
  total = 0
  await load()
  await flushPromises()
  expect(page.value).toBe(1)
})

it('cuts a list that is already here, and starts again with another filter', async () => {
  const items = shallowRef([1, 2, 3, 4, 5])
  const filter = ref('all')
  const { page, pages, visible } = usePages(items, 2, () => filter.value)
  expect([pages.value, visible.value]).toEqual([3, [1, 2]])
  page.value = 3
  expect(visible.value).toEqual([5])
  filter.value = 'fake'
  await nextTick()
  expect(page.value).toBe(1)
})
