import { computed, ref } from 'vue'
import { useI18n } from 'vue-i18n'

/** What the reader is about to delete: one entry, or (null) all that the list holds. */
export function useDeletion(remove: (entry: number | null) => Promise<void>) {
  const { t } = useI18n()
  const open = ref(false)
  const entry = ref<number | null>(null)
  const total = ref(1)

  function askFor(one: number | null, howMany: number) {
    entry.value = one
    total.value = howMany
    open.value = true
  }

  async function confirm() {
    open.value = false
    await remove(entry.value)
  }

  const title = computed(() => t('history.delete.title', total.value))
  const action = computed(() => t('history.delete.action', total.value))
  return { open, title, action, askFor, confirm }
}
