import { expect, test as base } from '@playwright/test'

/** The models that the service has ready, in its order, and the active one. */
export interface Models {
  names: string[]
  active: string
}

/** Every test also proves that the page talks to its own host only and throws no errors. */
export const test = base.extend<{ clean: undefined; models: Models }>({
  models: async ({ request }, use) => {
    const answer = await request.get('/api/models')
    const list = (await answer.json()) as { active: string; models: { name: string; state: string }[] }
    const ready = list.models.filter(({ state }) => state === 'ready')
    await use({ names: ready.map(({ name }) => name), active: list.active })
  },
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
      // A request that is on its way when the test ends fails nothing.
      await page.unrouteAll({ behavior: 'ignoreErrors' })
      expect(foreign).toEqual([])
      expect(errors).toEqual([])
    },
    { auto: true },
  ],
})

export { expect }
