import { createApp } from 'vue'
import { i18n, preferredLocale, showLocale } from '@/i18n/i18n'
import { createDesign } from '@/ui/theme'
import { loadConfig } from './api/config'
import App from './App.vue'
import { router } from './router'
import '@/ui/base.css'

void loadConfig()
void start()

async function start() {
  await showLocale(preferredLocale())
  const app = createApp(App).use(i18n).use(createDesign()).use(router)
  // With the first page, so that the footer does not jump below it. Without it, the frame says why.
  await router.isReady().catch(() => null)
  app.mount('#app')
}
