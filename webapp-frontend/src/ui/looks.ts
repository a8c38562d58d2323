import {
  mdiAlert,
  mdiAlertOctagonOutline,
  mdiAutoFix,
  mdiCameraOutline,
  mdiCancel,
  mdiCheckCircle,
  mdiCheckCircleOutline,
  mdiFileDocumentOutline,
  mdiFileHidden,
  mdiFileQuestionOutline,
  mdiFileRemoveOutline,
  mdiHelpCircleOutline,
  mdiHelpRhombus,
  mdiMinusBox,
  mdiPauseCircleOutline,
  mdiProgressClock,
  mdiRobotOutline,
  mdiShieldAccountOutline,
  mdiShieldCheckOutline,
  mdiTimerSand,
} from '@mdi/js'
import type {
  Credentials,
  JobState,
  ModelState,
  RunStatus,
  Statement,
  VerdictName,
} from '@/api/types'

/** How a state looks: shapes differ, so that nobody needs the theme colour. */
export interface Look {
  icon: string
  color?: string
}

export const VERDICT_LOOKS: Record<VerdictName, Required<Look>> = {
  fake: { icon: mdiAlert, color: 'fake' },
  real: { icon: mdiCheckCircle, color: 'real' },
  uncertain: { icon: mdiHelpRhombus, color: 'uncertain' },
  out_of_scope: { icon: mdiMinusBox, color: 'outside' },
}

export const CREDENTIAL_LOOKS: Record<Credentials['state'], Look> = {
  trusted: { icon: mdiShieldCheckOutline, color: 'real' },
  unknown_signer: { icon: mdiShieldAccountOutline, color: 'uncertain' },
  invalid: { icon: mdiAlertOctagonOutline, color: 'error' },
  none: { icon: mdiFileRemoveOutline, color: 'uncertain' },
  not_checked: { icon: mdiFileQuestionOutline, color: 'uncertain' },
}

const STATEMENT_LOOKS: Record<Statement['claim'], Look> = {
  camera: { icon: mdiCameraOutline },
  edited_with_ai: { icon: mdiAutoFix, color: 'uncertain' },
  generated: { icon: mdiRobotOutline, color: 'fake' },
  none: { icon: mdiFileQuestionOutline },
}

/** The look of what a file says of its origin; broken credentials are no silence. */
export function statementLook({ claim, trust }: Statement): Look {
  const broken = claim === 'none' && trust === 'broken'
  return broken ? CREDENTIAL_LOOKS.invalid : STATEMENT_LOOKS[claim]
}

export const JOB_LOOKS: Record<JobState, Look> = {
  cancelled: { icon: mdiCancel },
  failed: { icon: mdiAlertOctagonOutline, color: 'error' },
  finished: { icon: mdiCheckCircleOutline },
  running: { icon: mdiProgressClock },
  waiting: { icon: mdiTimerSand },
}

export const MODEL_LOOKS: Record<ModelState, Look> = {
  broken: { icon: mdiAlertOctagonOutline, color: 'error' },
  loading: { icon: mdiProgressClock },
  ready: { icon: mdiCheckCircleOutline },
}

/** States of files in the models folder that models do not have. */
export const FILE_LOOKS: Record<'assumed' | 'beside' | 'ignored' | ModelState, Look> = {
  ...MODEL_LOOKS,
  assumed: { icon: mdiHelpCircleOutline },
  beside: { icon: mdiFileDocumentOutline },
  ignored: { icon: mdiFileHidden },
}

export const RUN_LOOKS: Record<RunStatus, Look> = {
  finished: { icon: mdiCheckCircleOutline },
  interrupted: { icon: mdiPauseCircleOutline },
  running: { icon: mdiProgressClock },
  unknown: { icon: mdiHelpCircleOutline },
}
