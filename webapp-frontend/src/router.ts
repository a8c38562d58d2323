import { nextTick, watchEffect } from 'vue'
import { createRouter, createWebHistory, type RouteLocation } from 'vue-router'
import { probe, useConnection, useRecovery } from '@/api/connection'
import { i18n } from '@/i18n/i18n'

declare module 'vue-router' {
  interface RouteMeta {
    /** Key of the page's title. */
    title: string
  }
}

/** More than the header's height, so that it covers nothing that is scrolled to. */
const BELOW_HEADER = 116

/** In the session storage while a first page is loaded for the second time. */
const TRIED = 'first-page-tried'

export const router = createRouter({
  history: createWebHistory(),
  // A choice that only changes the address leaves the page where it is.
  scrollBehavior: (to, from, saved) => {
    if (saved) return saved
    if (to.hash) return { el: to.hash, top: BELOW_HEADER }
    return to.path === from.path ? false : { top: 0 }
  },
  routes: [
    {
      path: '/',
      component: () => import('@/pages/DetectPage.vue'),
      meta: { title: 'detect.title' },
    },
    {
      path: '/batch',
      component: () => import('@/pages/BatchPage.vue'),
      meta: { title: 'batch.title' },
    },
    {
      path: '/batch/:id',
      component: () => import('@/pages/JobPage.vue'),
      props: true,
      meta: { title: 'batch.job.title' },
    },
    {
      path: '/camera',
      component: () => import('@/pages/CameraPage.vue'),
      meta: { title: 'camera.title' },
    },
    {
      path: '/models',
      component: () => import('@/pages/ModelsPage.vue'),
      meta: { title: 'models.title' },
    },
    {
      path: '/models/mount',
      component: () => import('@/pages/MountPage.vue'),
      meta: { title: 'mount.title' },
    },
    {
      path: '/models/:name',
      component: () => import('@/pages/ModelPage.vue'),
      props: true,
      meta: { title: 'models.one' },
    },
    {
      path: '/compare',
      component: () => import('@/pages/ComparePage.vue'),
      meta: { title: 'compare.title' },
    },
    {
      path: '/training',
      component: () => import('@/pages/TrainingPage.vue'),
      meta: { title: 'training.title' },
    },
    {
      path: '/history',
      component: () => import('@/pages/HistoryPage.vue'),
      meta: { title: 'history.title' },
    },
    {
      path: '/history/:id',
      component: () => import('@/pages/HistoryEntryPage.vue'),
      props: true,
      meta: { title: 'history.entry.title' },
    },
    {
      path: '/help',
      component: () => import('@/pages/HelpPage.vue'),
      meta: { title: 'help.title' },
    },
    {
      path: '/:unknown(.*)*',
      component: () => import('@/pages/NotFoundPage.vue'),
      meta: { title: 'notFound.title' },
    },
  ],
})

// The title follows the page and the language.
watchEffect(() => {
  const { meta, params } = router.currentRoute.value
  const { t } = i18n.global
  if (meta.title) document.title = `${t(meta.title, params)} – ${t('app.name')}`
})

// The page that was asked for last, and the last one whose code could not be fetched.
let asked: RouteLocation | undefined
let missed: RouteLocation | undefined

router.beforeEach((to) => {
  asked = to
})

function openMissed() {
  // The reader may have gone elsewhere since.
  if (missed && missed === asked) window.location.assign(missed.fullPath)
}

// The code of a page cannot be fetched without a connection, nor after an update of the service.
router.onError(async (_error, to, from) => {
  missed = to
  await probe()
  if (useConnection().value !== 'up') return
  if (from.matched.length > 0) openMissed()
  // A first page gets one more try: where its code is broken, it would fail for ever.
  else if (!sessionStorage.getItem(TRIED)) {
    sessionStorage.setItem(TRIED, to.path)
    openMissed()
  }
})

useRecovery(openMissed)

router.afterEach(async (to, from) => {
  sessionStorage.removeItem(TRIED)
  const firstPage = from.matched.length === 0
  if (firstPage || (to.path === from.path && !to.hash)) return
  // A screen reader then reads what the link leads to, as it would after a full page load.
  await nextTick()
  const place = document.getElementById(to.hash.slice(1)) ?? document.querySelector('h1')
  place?.focus({ preventScroll: true })
})
