import { useI18n } from 'vue-i18n'
import type { Prediction, Reason } from '@/api/types'
import { mostSuspect } from '@/features/detect/faces'
import { turning, type Finding } from '@/features/detect/verdicts'
import { useChangeName } from './useChangeName'
import { useFormat } from './useFormat'

/** What is out of scope is said rather than scored. */
const SCORES = new Set<Reason['code']>(['above_threshold', 'below_threshold'])

/** Why a verdict was reached, as sentences; a reason that is not known here in the service's words. */
export function useReasonTexts() {
  const { t, te } = useI18n()
  const { count, percent, threshold } = useFormat()
  const changeName = useChangeName()

  /** `picture`: where the finding is that of a picture, and not of one face on it. */
  return (finding: Finding, limit: number, picture?: Prediction): string[] => {
    const { conformal, explained, prediction, probability, stability } = finding
    const turned = stability ? turning(stability, prediction).map(changeName) : []
    const faces = picture?.faces ?? []
    const found = picture?.image.faces ?? faces.length
    const values = {
      fake: percent(probability.fake),
      threshold: threshold(limit),
      coverage: threshold(conformal?.coverage ?? 0),
      class: conformal?.classes[0] ? t(`classes.${conformal.classes[0]}`) : '',
      changes: turned.join(', '),
      found: count(found),
      face: count(mostSuspect(faces) + 1),
    }
    // What its text would need and the answer does not have.
    const lacking: Partial<Record<Reason['code'], boolean>> = {
      conformal_both: !conformal,
      conformal_none: !conformal,
      conformal_other: !conformal?.classes.length,
      // Of a crowd, only the largest are judged; the service says how many.
      several_faces: faces.length < 2 || faces.length < found,
      unstable: !turned.length,
    }
    return explained
      .filter(({ code }) => finding.verdict !== 'out_of_scope' || !SCORES.has(code))
      .map(({ code, message }) =>
        te(`reason.${code}`) && !lacking[code] ? t(`reason.${code}`, values) : message,
      )
  }
}
