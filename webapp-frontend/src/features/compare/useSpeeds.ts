import { shallowReactive, type Ref } from 'vue'
import { measureSpeed } from '@/api/models'
import type { ModelSpeed } from '@/api/types'
import { useRequest } from '@/api/useRequest'

/** Times models one after the other, so that they do not slow each other down. */
export function useSpeeds(names: Ref<string[]>) {
  const speeds = shallowReactive(new Map<string, ModelSpeed>())
  const { busy, failure, run: measure } = useRequest(async () => {
    speeds.clear()
    for (const name of names.value) speeds.set(name, await measureSpeed(name))
  })
  return { speeds, busy, failure, measure }
}
