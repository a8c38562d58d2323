import { expect, test as base } from '@playwright/test'

/** Every test also proves that the page talks to its own host only and throws no errors. */
export const test = base.extend<{ clean: undefined }>({
  clean: [
    async ({ page, baseURL }, use) => {
      const foreign: string[] = []
      const errors: string[] = []
      page.on('request', (request) => {
        const { protocol, host } = new URL(request.url())
        const local = protocol === 'blob:' || protocol === 'data:'
        if (!local && host !== new URL(baseURL ?? '').host) foreign.push(request.url())
      })
      page.on('pageerror', (error) => {
        // TensorBoard's own errors are its own.
        if (!error.stack?.includes('/tensorboard/')) errors.push(error.message)
      })
      await use(undefined)
      expect(foreign).toEqual([])
      expect(errors).toEqual([])
    },
    { auto: true },
  ],
})

export { expect }
