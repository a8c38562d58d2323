import { onScopeDispose, ref } from 'vue'

export const TENSORBOARD_URL = '/tensorboard/'

const ATTEMPTS = 10
const PAUSE_MS = 1500

/** Whether TensorBoard answers. It may still be starting, so it is asked several times. */
export function useTensorBoard() {
  const state = ref<'asking' | 'up' | 'down'>('asking')
  const gone = new AbortController()

  async function answers() {
    try {
      const response = await fetch(TENSORBOARD_URL, { signal: gone.signal })
      // The app's own page, sent for unknown addresses, is no TensorBoard.
      return response.ok && (await response.text()).includes('TensorBoard')
    } catch {
      return false
    }
  }

  async function ask() {
    state.value = 'asking'
    for (let attempt = 1; !gone.signal.aborted; attempt++) {
      if (await answers()) {
        state.value = 'up'
        return
      }
      if (attempt === ATTEMPTS) break
      await new Promise((resolve) => window.setTimeout(resolve, PAUSE_MS))
    }
    state.value = 'down'
  }

  void ask()
  onScopeDispose(() => {
    gone.abort()
  })
  return { state, ask }
}
