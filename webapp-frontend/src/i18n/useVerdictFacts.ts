import { useI18n } from 'vue-i18n'
import type { Face, Prediction } from '@/api/types'
import type { Fact } from '@/ui/facts'
import { turning, type Finding } from '@/features/detect/verdicts'
import { shortHash } from './hashes'
import { useConformalText } from './useConformalText'
import { useFormat } from './useFormat'

const STAGES = ['decode', 'queue', 'faces', 'infer', 'total'] as const

type Details = Record<string, Omit<Fact, 'label'>>

/** What stands behind a verdict, for those who want to check it. */
export function useVerdictFacts() {
  const { t } = useI18n()
  const { count, decimal, milliseconds, percent, threshold } = useFormat()
  const conformalText = useConformalText()

  function held({ prediction, stability }: Finding) {
    if (!stability) return t('detect.details.unchecked')
    const n = count(stability.changes.length)
    return t('detect.details.held', { turned: count(turning(stability, prediction).length), n })
  }

  function numbers(finding: Finding): Details {
    const { conformal } = finding
    return {
      fake: { value: percent(finding.probability.fake) },
      raw: { value: percent(finding.raw_probability.fake) },
      logit: { value: decimal(finding.logit) },
      ...(conformal ? { conformal: { value: conformalText(conformal) } } : {}),
      stability: { value: held(finding) },
    }
  }

  function labelled(details: Details): Fact[] {
    return Object.entries(details).map(([name, fact]) => ({
      label: t(`detect.details.${name}`),
      ...fact,
    }))
  }

  function ofFace(face: Face): Fact[] {
    return labelled({ ...numbers(face), score: { value: percent(face.score) } })
  }

  function ofPicture(it: Prediction): Fact[] {
    const source = t(`thresholdSource.${it.threshold_source}`)
    const { faces } = it.image
    return labelled({
      judged: { value: t(`detect.details.judgedAs.${it.judged}`) },
      ...(typeof faces === 'number' ? { faces: { value: count(faces) } } : {}),
      ...numbers(it),
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
    })
  }

  return { ofFace, ofPicture }
}
