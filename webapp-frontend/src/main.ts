import { createApp } from 'vue'
import { i18n, preferredLocale, showLocale } from '@/i18n/i18n'
import { createDesign } from '@/ui/theme'
import { loadConfig } from './api/config'
import App from './App.vue'
import { router } from './router'
import '@/ui/base.css'

void loadConfig()
void showLocale(preferredLocale()).then(() => {
  createApp(App).use(i18n).use(createDesign()).use(router).mount('#app')
})
