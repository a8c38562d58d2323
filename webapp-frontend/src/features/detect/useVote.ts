import { useI18n } from 'vue-i18n'
import type { Comparison } from '@/api/types'
import { useModels } from '@/features/models/useModels'
import { useAgreementText } from '@/i18n/verdicts'
import { type Agreed, agreementOf } from './verdicts'

/** The vote of the models on a picture. Teaching models have none. */
export function useVote() {
  const { t } = useI18n()
  const { isTeaching } = useModels()
  const agreementText = useAgreementText()

  function voteOn({ results }: Pick<Comparison, 'results'>): Agreed {
    return agreementOf(results.filter(({ model }) => !isTeaching(model)))
  }

  function voteText(vote: Agreed): string {
    return vote.results.length ? agreementText(vote) : t('detect.agreement.teachingOnly')
  }

  return { voteOn, voteText }
}
