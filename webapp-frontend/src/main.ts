import { createApp } from 'vue'
import App from './App.vue'
import { i18n } from './plugins/i18n'
import { createDesign } from './plugins/vuetify'
import { router } from './router'
import './styles/base.css'

createApp(App).use(i18n).use(createDesign()).use(router).mount('#app')
