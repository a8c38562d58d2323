import { computed, onScopeDispose, shallowRef } from 'vue'
import { explain, getExplanation, type HeatQuestion } from '@/api/explain'
import type { Explanation, Job } from '@/api/types'
import { useRequest } from '@/api/useRequest'

/** An explanation of one model's verdict, asked for on demand; `job` is to be followed to its end. */
export function useExplanation(file: File, question: HeatQuestion) {
  const explanation = shallowRef<Explanation | null>(null)
  const job = shallowRef<Job | null>(null)
  const leaving = new AbortController()

  function take(answer: Explanation | Job) {
    if ('map' in answer) explanation.value = answer
    else job.value = answer
  }

  const asking = useRequest(async () => {
    fetching.failure.value = null
    take(await explain(file, question, leaving.signal))
  })
  const fetching = useRequest(async ({ id, state }: Job) => {
    job.value = null
    if (state !== 'cancelled') take(await getExplanation(id))
  })

  onScopeDispose(() => {
    leaving.abort()
  })
  return {
    explanation,
    job,
    busy: computed(() => asking.busy.value || fetching.busy.value),
    failure: computed(() => asking.failure.value ?? fetching.failure.value),
    ask: asking.run,
    /** Takes what a job that has ended has found out. */
    end: fetching.run,
  }
}
