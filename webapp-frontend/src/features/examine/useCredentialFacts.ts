import { useI18n } from 'vue-i18n'
import type { Credentials } from '@/api/types'
import type { Fact } from '@/ui/facts'
import { useFormat } from '@/i18n/useFormat'

/** What content credentials tell, in words; what they do not tell is left out. */
export function useCredentialFacts() {
  const { t } = useI18n()
  const { count } = useFormat()

  return (it: Credentials): Fact[] => {
    const actions = it.actions.map(({ action, software, source_type }) =>
      [action, software, source_type].filter(Boolean).join(' · '),
    )
    const values: Record<string, Fact['value'] | null> = {
      signer: it.signer ?? null,
      signer_name: it.signer_name ?? null,
      signed_at: it.signed_at ?? null,
      generator: it.generator ?? null,
      actions: actions.length ? actions : null,
      ingredients: it.ingredients ? count(it.ingredients) : null,
      problems: it.problems.length ? it.problems : null,
    }
    return Object.entries(values).flatMap(([name, value]) =>
      value === null ? [] : [{ label: t(`provenance.credentials.fact.${name}`), value }],
    )
  }
}
