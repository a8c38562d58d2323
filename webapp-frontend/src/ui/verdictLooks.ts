import { mdiAlert, mdiCheckCircle, mdiHelpRhombus, mdiMinusBox } from '@mdi/js'
import type { VerdictName } from '@/api/types'

/** Icon and theme colour of each verdict; shapes differ, so that colour is never needed. */
export const VERDICT_LOOKS: Record<VerdictName, { icon: string; color: string }> = {
  fake: { icon: mdiAlert, color: 'fake' },
  real: { icon: mdiCheckCircle, color: 'real' },
  uncertain: { icon: mdiHelpRhombus, color: 'uncertain' },
  out_of_scope: { icon: mdiMinusBox, color: 'outside' },
}
