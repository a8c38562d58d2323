import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import vuetify from 'vite-plugin-vuetify'
import { defineConfig } from 'vitest/config'

const backend = 'http://localhost:8000'

export default defineConfig({
  plugins: [vue(), vuetify()],
  resolve: { alias: { '@': fileURLToPath(new URL('src', import.meta.url)) } },
  define: {
    __VUE_I18N_FULL_INSTALL__: false,
    __VUE_I18N_LEGACY_API__: false,
  },
  server: { proxy: { '/api': backend, '/tensorboard': backend } },
  test: {
    environment: 'happy-dom',
    // A click on a link or a download leaves the page where it is, for the files that come after.
    environmentOptions: {
      happyDOM: {
        settings: { navigation: { disableMainFrameNavigation: true, disableFallbackToSetURL: true } },
      },
    },
    include: ['tests/**/*.test.ts'],
    // Each file would import Vue and Vuetify again, which takes longer than the tests.
    isolate: false,
    setupFiles: 'tests/setup.ts',
    // Slow machines are no failure.
    testTimeout: 60_000,
    // Vuetify's components import their own CSS, which only Vite can read.
    server: { deps: { inline: ['vuetify'] } },
  },
})
