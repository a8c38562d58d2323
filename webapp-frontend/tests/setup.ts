import { afterAll, vi } from 'vitest'

// No test reaches a network; a file that needs a service replaces this.
vi.stubGlobal('fetch', () => Promise.reject(new TypeError('There is no service in unit tests.')))

// All test files share one module graph: what a file has changed is undone at its end.
afterAll(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
  if ('localStorage' in globalThis) localStorage.clear()
})
