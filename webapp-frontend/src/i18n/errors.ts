import { useI18n } from 'vue-i18n'

/** An error of the service in the page's language: the service writes English, so its code is translated. */
export function useErrorText() {
  const { locale, t, te } = useI18n()

  return (code: string | null, message: string): string => {
    const known = code !== null && te(`apiError.${code}`, 'en')
    return known && locale.value !== 'en' ? t(`apiError.${code}`) : message
  }
}
