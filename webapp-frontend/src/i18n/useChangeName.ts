import { useI18n } from 'vue-i18n'
import type { Change } from '@/api/types'

/** What was done to a picture to see whether its verdict holds, in words. */
export function useChangeName() {
  const { t, te } = useI18n()
  return ({ change, label }: Change) =>
    te(`change.${change}`) ? t(`change.${change}`) : label
}
