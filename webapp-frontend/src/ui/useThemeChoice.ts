import { computed } from 'vue'
import { useTheme } from 'vuetify'

const KEY = 'theme'

/** What the reader chose before; `system` until then. */
export function rememberedTheme(): 'light' | 'dark' | 'system' {
  const remembered = localStorage.getItem(KEY)
  return remembered === 'light' || remembered === 'dark' ? remembered : 'system'
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
