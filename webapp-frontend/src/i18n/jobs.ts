import { useI18n } from 'vue-i18n'
import type { Job } from '@/api/types'
import { isActive, quarters, secondsTaken, shareDone } from '@/features/batch/jobs'
import { useFormat } from './format'

/** A job in words. */
export function useJobText() {
  const { t } = useI18n()
  const { count, duration, threshold } = useFormat()

  function nameOf({ file }: Job) {
    return file ?? t('batch.nameless')
  }

  function modelsOf({ parameters }: Job) {
    return parameters.models.map(({ name }) => name).join(', ')
  }

  /** Which models judge, and how where that is not the usual way. */
  function askedOf(job: Job) {
    const { whole, stability } = job.parameters
    return [
      t('batch.job.lead', { models: modelsOf(job) }),
      ...(whole ? [t('batch.job.whole')] : []),
      ...(stability === 'never' ? [] : [t('batch.job.changes')]),
    ].join(' ')
  }

  /** How many files are done, and how many of them got no verdict. */
  function countsOf(job: Job) {
    const { done, total, failed } = job
    const whole = !isActive(job) && done === total
    const files = whole
      ? t('batch.counts.all', { n: count(total) }, total)
      : t('batch.counts.some', { done: count(done), n: count(total) }, total)
    const without = t('batch.counts.failed', { n: count(failed) })
    return failed ? `${files}, ${without}` : files
  }

  /** How long it took; empty before it has ended. */
  function timeOf(job: Job) {
    const seconds = secondsTaken(job)
    return seconds === null ? '' : t('batch.took', { time: duration(seconds) })
  }

  /** The state, read out: the words change with each quarter only. */
  function announcementOf(job: Job) {
    const state = t(`batch.state.${job.state}`)
    if (job.state === 'waiting') return state
    const progress = job.state === 'running' ? threshold(quarters(shareDone(job))) : countsOf(job)
    return `${state}: ${progress}`
  }

  return { announcementOf, nameOf, modelsOf, askedOf, countsOf, timeOf }
}
