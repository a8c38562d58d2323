import {
  mdiAlertOctagonOutline,
  mdiFileQuestionOutline,
  mdiFileRemoveOutline,
  mdiShieldAccountOutline,
  mdiShieldCheckOutline,
} from '@mdi/js'
import type { Credentials } from '@/api/types'

/** Icon and theme colour of each state of content credentials; shapes differ as well. */
export const CREDENTIAL_LOOKS: Record<Credentials['state'], { icon: string; color: string }> = {
  trusted: { icon: mdiShieldCheckOutline, color: 'real' },
  unknown_signer: { icon: mdiShieldAccountOutline, color: 'uncertain' },
  invalid: { icon: mdiAlertOctagonOutline, color: 'error' },
  none: { icon: mdiFileRemoveOutline, color: 'uncertain' },
  not_checked: { icon: mdiFileQuestionOutline, color: 'uncertain' },
}
