import { createApp } from 'vue'
import App from './App.vue'
import { i18n } from '@/i18n/i18n'
import { createDesign } from '@/ui/vuetify'
import { router } from './router'
import '@/ui/base.css'

createApp(App).use(i18n).use(createDesign()).use(router).mount('#app')
