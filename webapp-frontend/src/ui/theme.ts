import { computed, watchEffect } from 'vue'
import { createVuetify, useTheme } from 'vuetify'
import { aliases, mdi } from 'vuetify/iconsets/mdi-svg'

import 'vuetify/styles/core'

// Ink on paper: colour is kept for verdicts. Orange and blue stay apart for colour-blind eyes,
// and each reaches 4.5:1 on its own tint.
// Vuetify's own 0.6 is too pale for small labels.
const variables = { 'medium-emphasis-opacity': 0.76 }

// Lines of charts, after Paul Tol's colour-blind-safe "muted" scheme; each also has a marker.
const lightLines = {
  'line-1': '#332288',
  'line-2': '#2a8a7c',
  'line-3': '#c2506a',
  'line-4': '#857f22',
  'line-5': '#3584ab',
  'line-6': '#a03f92',
  'line-7': '#117733',
  'line-8': '#882255',
}

const darkLines = {
  'line-1': '#a99cff',
  'line-2': '#4fbfae',
  'line-3': '#f08c9f',
  'line-4': '#cfc85a',
  'line-5': '#88ccee',
  'line-6': '#dd93d2',
  'line-7': '#69c586',
  'line-8': '#e08ab4',
}

const light = {
  dark: false,
  variables,
  colors: {
    background: '#f4f5f7',
    surface: '#ffffff',
    'on-background': '#171c24',
    'on-surface': '#171c24',
    primary: '#1c2733',
    'on-primary': '#ffffff',
    error: '#a3203a',
    fake: '#a84400',
    real: '#0b57a4',
    uncertain: '#575f6b',
    outside: '#86327a',
    ...lightLines,
  },
}

const dark = {
  dark: true,
  variables,
  colors: {
    background: '#0f1318',
    surface: '#181d24',
    'on-background': '#e7ebf1',
    'on-surface': '#e7ebf1',
    primary: '#dfe6ef',
    'on-primary': '#12171d',
    error: '#ff9daa',
    fake: '#ff9f55',
    real: '#7cbaff',
    uncertain: '#aeb7c4',
    outside: '#e3a1da',
    ...darkLines,
  },
}

export function createDesign() {
  return createVuetify({
    icons: { defaultSet: 'mdi', aliases, sets: { mdi } },
    theme: {
      defaultTheme: rememberedTheme(),
      themes: { light, dark },
      variations: false,
    },
    defaults: {
      VBtn: { variant: 'tonal' },
      VAlert: { variant: 'tonal' },
      VExpansionPanels: { variant: 'accordion', flat: true },
    },
  })
}

const KEY = 'theme'

/** What the reader chose before; `system` until then. */
export function rememberedTheme(): 'light' | 'dark' | 'system' {
  const remembered = localStorage.getItem(KEY)
  return remembered === 'light' || remembered === 'dark' ? remembered : 'system'
}

/** Gives the browser's own bars the colour of the header. */
export function useBrowserColour() {
  const theme = useTheme()
  watchEffect(() => {
    const surface = String(theme.current.value.colors.surface)
    document.querySelector('meta[name=theme-color]')?.setAttribute('content', surface)
  })
}

/** Light or dark: follows the system until the reader chooses, then the choice is remembered. */
export function useThemeChoice() {
  const theme = useTheme()
  const dark = computed(() => theme.current.value.dark)

  async function toggle() {
    const next = dark.value ? 'light' : 'dark'
    localStorage.setItem(KEY, next)
    await theme.change(next)
  }

  return { dark, toggle }
}
