import { useI18n } from 'vue-i18n'
import type { Change, Comparison, ConformalSet, Face, Prediction, Reason } from '@/api/types'
import { type Agreed, type VerdictResult, turning, votesOf } from '@/features/detect/verdicts'
import type { Fact } from '@/ui/facts'
import { shortHash, useFormat } from './format'

const STAGES = ['decode', 'queue', 'faces', 'infer', 'total'] as const

type Details = Record<string, Omit<Fact, 'label'>>

/** What stands behind a verdict, for those who want to check it. */
export function useVerdictFacts() {
  const { t } = useI18n()
  const { count, decimal, milliseconds, percent, threshold } = useFormat()
  const conformalText = useConformalText()

  function held({ prediction, stability }: VerdictResult) {
    if (!stability) return t('detect.details.unchecked')
    const n = count(stability.changes.length)
    return t('detect.details.held', { turned: count(turning(stability, prediction).length), n })
  }

  function numbers(finding: VerdictResult): Details {
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

/** What is out of scope is said rather than scored. */
const SCORES = new Set<Reason['code']>(['above_threshold', 'below_threshold'])

/** Why a verdict was reached, as sentences; a reason that is not known here in the service's words. */
export function useReasonTexts() {
  const { t, te } = useI18n()
  const { count, percent, threshold } = useFormat()
  const changeName = useChangeName()

  /** `picture`: where the finding is that of a picture, and not of one face on it. */
  return (finding: VerdictResult, limit: number, picture?: Prediction): string[] => {
    const { conformal, explained, prediction, probability, stability } = finding
    const turned = stability ? turning(stability, prediction).map(changeName) : []
    const faces = picture?.faces ?? []
    const total = picture?.image.faces ?? faces.length
    const values = {
      fake: percent(probability.fake),
      threshold: threshold(limit),
      coverage: threshold(conformal?.coverage ?? 0),
      class: conformal?.classes[0] ? t(`classes.${conformal.classes[0]}`) : '',
      changes: turned.join(', '),
      found: count(total),
      face: count((picture?.leading_face ?? 0) + 1),
    }
    // What its text would need and the answer does not have.
    const lacking: Partial<Record<Reason['code'], boolean>> = {
      conformal_both: !conformal,
      conformal_none: !conformal,
      conformal_other: !conformal?.classes.length,
      // Of a crowd, only the largest are judged; the service says how many.
      several_faces: picture?.leading_face == null || faces.length < 2 || faces.length < total,
      unstable: !turned.length,
    }
    return explained
      .filter(({ code }) => finding.verdict !== 'out_of_scope' || !SCORES.has(code))
      .map(({ code, message }) =>
        te(`reason.${code}`) && !lacking[code] ? t(`reason.${code}`, values) : message,
      )
  }
}

/** What was done to a picture to see whether its verdict holds, in words. */
export function useChangeName() {
  const { t, te } = useI18n()
  return ({ change, label }: Change) =>
    te(`change.${change}`) ? t(`change.${change}`) : label
}

/** What a conformal set leaves possible, in words. */
export function useConformalText() {
  const { t } = useI18n()
  const { threshold } = useFormat()

  return ({ classes, coverage }: ConformalSet) => {
    const [only, other] = classes
    const values = { coverage: threshold(coverage), class: only ? t(`classes.${only}`) : '' }
    if (!only) return t('conformal.none', values)
    return t(other ? 'conformal.both' : 'conformal.one', values)
  }
}

/** How far the models agree, in words: those that reached a verdict, and those that did not. */
export function useAgreementText() {
  const { t } = useI18n()
  const { count } = useFormat()

  return ({ agreement, results }: Agreed) => {
    const { fake, real, majority } = agreement
    const values = {
      n: count(Math.max(fake, real)),
      fake: count(fake),
      real: count(real),
      total: count(results.length),
      class: majority ? t(`classes.${majority}`) : '',
    }
    const sentences = []
    if (!fake && !real) sentences.push(t('detect.agreement.none'))
    else if (majority) sentences.push(t('detect.agreement.majority', values, Math.max(fake, real)))
    else sentences.push(t('detect.agreement.split', values))
    const { uncertain, out_of_scope: outside } = votesOf(results.map(({ verdict }) => verdict))
    if (uncertain) sentences.push(t('detect.agreement.uncertain', { n: count(uncertain) }, uncertain))
    if (outside) sentences.push(t('detect.agreement.outside', { n: count(outside) }, outside))
    return sentences.join(' ')
  }
}

/** How many of the models see signs of generation, in words. */
export function useSignsText() {
  const { t } = useI18n()
  const { count } = useFormat()

  return ({ agreement: { fake }, results }: Pick<Comparison, 'agreement' | 'results'>) =>
    t('examine.heat.signs', { n: count(fake), total: count(results.length) }, fake)
}
