import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { useI18n } from 'vue-i18n'
import type { ModelRow } from '@/api/types'
import type { Fact } from '@/ui/facts'

/** What must be known before a model is believed; what its card does not say is left out. */
export function useModelLimits(model: MaybeRefOrGetter<ModelRow>) {
  const { t } = useI18n()

  return computed<Fact[]>(() => {
    const { card } = toValue(model)
    const values: Record<string, Fact['value'] | undefined> = {
      intendedUse: card?.intended_use,
      failures: card?.known_failures,
      data: card?.training?.data,
    }
    return Object.entries(values).flatMap(([name, value]) =>
      value?.length ? [{ label: t(`models.limits.${name}`), value }] : [],
    )
  })
}
