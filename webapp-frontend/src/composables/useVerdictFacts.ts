import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { useI18n } from 'vue-i18n'
import type { Prediction } from '@/api/types'
import type { Fact } from '@/components/common/facts'
import { shortHash } from '@/format/hashes'
import { useFormat } from './useFormat'

const STAGES = ['decode', 'queue', 'infer', 'total'] as const

/** What stands behind a verdict, for those who want to check it. */
export function useVerdictFacts(prediction: MaybeRefOrGetter<Prediction>) {
  const { t } = useI18n()
  const { decimal, milliseconds, percent, threshold } = useFormat()

  return computed<Fact[]>(() => {
    const it = toValue(prediction)
    const source = t(`thresholdSource.${it.threshold_source}`)
    const details: Record<string, Omit<Fact, 'label'>> = {
      logit: { value: decimal(it.logit) },
      raw: { value: percent(it.raw_probability.fake) },
      threshold: { value: t('thresholdFrom', { value: threshold(it.threshold), source }) },
      model: { value: it.model },
      modelSha256: { value: shortHash(it.model_sha256), copy: it.model_sha256 },
      imageSha256: { value: shortHash(it.image.sha256), copy: it.image.sha256 },
      timing: {
        value: STAGES.map((stage) =>
          t(`detect.details.stages.${stage}`, { time: milliseconds(it.timing_ms[stage]) }),
        ),
      },
      device: { value: it.device },
    }
    return Object.entries(details).map(([name, fact]) => ({
      label: t(`detect.details.${name}`),
      ...fact,
    }))
  })
}
