import { createMemoryHistory, createRouter } from 'vue-router'

const page = { template: '<div />' }

/** A router that starts at the start page and knows every address. */
export function createTestRouter() {
  return createRouter({
    history: createMemoryHistory(),
    routes: [{ path: '/:path(.*)*', component: page }],
  })
}
