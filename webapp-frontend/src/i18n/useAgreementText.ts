import { useI18n } from 'vue-i18n'
import type { Comparison } from '@/api/types'
import { votesOf } from '@/features/detect/verdicts'
import { useFormat } from './useFormat'

/** How far the models agree, in words: those that reached a verdict, and those that did not. */
export function useAgreementText() {
  const { t } = useI18n()
  const { count } = useFormat()

  return ({ results }: Pick<Comparison, 'results'>) => {
    const votes = votesOf(results.map(({ verdict }) => verdict))
    const [said, one] = votes.fake > votes.real ? [votes.fake, 'Fake'] : [votes.real, 'Real']
    const values = {
      n: count(said),
      fake: count(votes.fake),
      real: count(votes.real),
      total: count(results.length),
      class: t(`classes.${one}`),
    }
    const sentences = []
    if (!said) sentences.push(t('detect.agreement.none'))
    else if (votes.fake === votes.real) sentences.push(t('detect.agreement.split', values))
    else sentences.push(t('detect.agreement.majority', values))
    const { uncertain, out_of_scope: outside } = votes
    if (uncertain) sentences.push(t('detect.agreement.uncertain', { n: count(uncertain) }, uncertain))
    if (outside) sentences.push(t('detect.agreement.outside', { n: count(outside) }, outside))
    return sentences.join(' ')
  }
}
