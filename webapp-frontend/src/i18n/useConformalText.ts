import { useI18n } from 'vue-i18n'
import type { ConformalSet } from '@/api/types'
import { useFormat } from './useFormat'

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
