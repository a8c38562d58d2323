import { useI18n } from 'vue-i18n'

/** What people call a metric of a training. */
export function useTagName() {
  const { t, te } = useI18n()
  return (tag: string) => {
    const known = `training.tags.${tag}`
    return te(known) ? t(`training.tags.${tag}`) : tag.replace(/^epoch_/, '').replaceAll('_', ' ')
  }
}
