import { expect, it } from 'vitest'
import { nextTick, ref } from 'vue'
import { useSelection } from '@/features/history/useSelection'
import { historyEntry } from '../samples'

const entries = () =>
  ref([
    { ...historyEntry, id: 9, same_picture: [9, 4] },
    { ...historyEntry, id: 7 },
  ])

it('deletes every check of a selected picture', () => {
  const { selected, ids, all } = useSelection(entries())
  selected.value = [9]
  expect(ids.value).toEqual([9, 4])
  expect(all.value).toBe(false)
  all.value = true
  expect(ids.value).toEqual([9, 4, 7])
  all.value = false
  expect(ids.value).toEqual([])
})

it('forgets what leaves the page, and keeps what stays', async () => {
  const list = entries()
  const { selected, ids, all } = useSelection(list)
  all.value = true
  const [first, second] = list.value
  list.value = [second, { ...historyEntry, id: 3 }].filter((entry) => entry !== undefined)
  await nextTick()
  expect(ids.value).toEqual([7])
  list.value = [first, second].filter((entry) => entry !== undefined)
  await nextTick()
  expect(selected.value).toEqual([7])
})
