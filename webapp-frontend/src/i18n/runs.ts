import { useI18n } from 'vue-i18n'
import type { RunSummary } from '@/api/types'
import type { Fact } from '@/ui/facts'
import { shortHash, useFormat } from './format'

/** The settings of a run in words; unknown ones are left out. */
export function useRunFacts() {
  const { t } = useI18n()
  const { count, curveValue, moment } = useFormat()

  return ({ name, started, updated, facts }: RunSummary): Fact[] => {
    const values: Record<string, Fact['value'] | null | undefined> = {
      run: name,
      started: started && moment(started),
      updated: moment(facts?.finished ?? updated),
      recipe: facts?.recipe,
      epochs: facts && count(facts.epochs),
      bestEpoch: facts?.best_epoch ? count(facts.best_epoch) : null,
      batch: facts && count(facts.batch_size),
      learningRate: facts && curveValue(facts.learning_rate),
      seed: facts && String(facts.seed),
      data: facts?.data,
      split: facts?.split,
      examples: Object.entries(facts?.examples ?? {}).map(([part, n]) => `${part}: ${count(n)}`),
      parameters: facts && count(facts.parameters),
      device: facts?.device,
    }
    const known = Object.entries(values).flatMap(([key, value]) =>
      value?.length ? [{ label: t(`training.facts.${key}`), value }] : [],
    )
    const commit = facts?.git_commit
    const label = t('training.facts.commit')
    return commit ? [...known, { label, value: shortHash(commit), copy: commit }] : known
  }
}

/** The name of a part of the data, such as training. */
export function usePartName() {
  const { t, te } = useI18n()
  return (part: string) => (te(`training.part.${part}`) ? t(`training.part.${part}`) : part)
}

/** The name of a training metric. */
export function useTagName() {
  const { t, te } = useI18n()
  return (tag: string) => {
    const known = `training.tags.${tag}`
    return te(known) ? t(`training.tags.${tag}`) : tag.replace(/^epoch_/, '').replaceAll('_', ' ')
  }
}
