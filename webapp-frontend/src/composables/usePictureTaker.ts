import { onScopeDispose, shallowRef } from 'vue'
import { shared } from './shared'

type Take = (file: File) => unknown

function createPictureTaker() {
  return shallowRef<Take | null>(null)
}

const [providePictureTaker, usePictureTaker] = shared(createPictureTaker)
/** Who takes a picture that is dropped anywhere or pasted; null: the start page. */
export { providePictureTaker }

/** Takes dropped and pasted pictures while the component lives. */
export function useTakePictures(take: Take) {
  const taker = usePictureTaker()
  taker.value = take
  onScopeDispose(() => {
    if (taker.value === take) taker.value = null
  })
}
