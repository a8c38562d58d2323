import { onScopeDispose, shallowRef } from 'vue'
import { shared } from './shared'
import type { Files } from './useFileArrival'

type Take = (files: Files) => unknown

function createFileTaker() {
  return shallowRef<Take | null>(null)
}

const [provideFileTaker, useFileTaker] = shared(createFileTaker)
/** Who takes what is dropped anywhere or pasted; null: the start page. */
export { provideFileTaker }

/** Takes dropped and pasted files while the component lives. */
export function useTakeFiles(take: Take) {
  const taker = useFileTaker()
  taker.value = take
  onScopeDispose(() => {
    if (taker.value === take) taker.value = null
  })
}
