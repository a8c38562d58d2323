import { onScopeDispose } from 'vue'

/** Runs a task at once and then again and again, while the page can be seen. */
export function usePolling(task: () => Promise<void>, pauseMs: number) {
  let timer: number | undefined
  let over = false

  async function turn() {
    window.clearTimeout(timer)
    await task()
    window.clearTimeout(timer)
    if (!over && !document.hidden) timer = window.setTimeout(() => void turn(), pauseMs)
  }

  const listening = new AbortController()
  const onChange = () => void (document.hidden ? window.clearTimeout(timer) : turn())
  document.addEventListener('visibilitychange', onChange, { signal: listening.signal })
  void turn()
  onScopeDispose(() => {
    over = true
    window.clearTimeout(timer)
    listening.abort()
  })
}
