import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { useI18n } from 'vue-i18n'
import type { ApiFailure } from '@/api/failure'

/** What went wrong and what to do about it, in words. */
export function useFailureText(failure: MaybeRefOrGetter<ApiFailure>) {
  const { t } = useI18n()
  const title = computed(() => t(`failure.${toValue(failure).kind}.title`))
  const lines = computed(() => {
    const { kind, message, retryAfter } = toValue(failure)
    const said = message || t(`failure.${kind}.text`)
    return retryAfter ? [said, t('failure.retryAfter', retryAfter)] : [said]
  })
  return { title, lines }
}
