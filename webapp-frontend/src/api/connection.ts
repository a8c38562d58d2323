import { readonly, ref, watch } from 'vue'

/** `down`: the service does not answer; `offline`: nor does this device have a network. */
export type Connection = 'up' | 'down' | 'offline'

const connection = ref<Connection>('up')
const PATIENCE_MS = 5000

/** Finds out whether the service answers. Its health check looks at memory only. */
export async function probe(): Promise<void> {
  const signal = AbortSignal.timeout(PATIENCE_MS)
  const response = await fetch('/api/health', { cache: 'no-store', signal }).catch(() => null)
  if (response?.ok) connection.value = 'up'
  else connection.value = navigator.onLine ? 'down' : 'offline'
}

export function useConnection() {
  return readonly(connection)
}

/** Acts each time that the service is back, until the returned function is called. */
export function useRecovery(act: () => unknown): () => void {
  return watch(connection, (now) => {
    if (now === 'up') act()
  })
}
