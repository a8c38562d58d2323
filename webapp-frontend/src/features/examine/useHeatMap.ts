import { computed, ref, shallowRef } from 'vue'
import { explain, getExplanation, type HeatMapOptions } from '@/api/endpoints'
import type { ClassName, Comparison, Explanation, HeatColours, Job, Method } from '@/api/types'
import { useAsync } from '@/api/useAsync'
import { withFirst } from '@/features/detect/verdicts'
import { useRemembered } from '@/ui/state'

/** The explanation of one model's verdict, requested on demand; a slow method returns a `job` to follow. */
export function useExplanation(file: File, options: HeatMapOptions) {
  const explanation = shallowRef<Explanation | null>(null)
  const job = shallowRef<Job | null>(null)

  function take(answer: Explanation | Job) {
    if ('map' in answer) explanation.value = answer
    else job.value = answer
  }

  const request = useAsync(async (signal) => {
    result.failure.value = null
    take(await explain(file, options, signal))
  })
  const result = useAsync(async (_signal, { id, state }: Job) => {
    job.value = null
    if (state !== 'cancelled') take(await getExplanation(id))
  })

  return {
    explanation,
    job,
    busy: computed(() => request.busy.value || result.busy.value),
    failure: computed(() => request.failure.value ?? result.failure.value),
    start: request.run,
    /** Reads the result of a job that has ended. */
    finish: result.run,
  }
}

/** Which of the verdicts on a picture is explained, and how; that of the active model comes first. */
export function useHeatChoice(
  answer: () => Comparison,
  active: () => string | null,
  chosenFace: () => number,
) {
  const results = computed(() => withFirst(answer().results, active()))
  /** The place of the model among them. */
  const model = ref(0)
  const prediction = computed(() => results.value[model.value])
  const method = ref<Method>('gradcam')

  const question = computed<HeatMapOptions | null>(() => {
    const it = prediction.value
    if (!it) return null
    const asked = { model: it.model, method: method.value }
    if (it.judged === 'whole') return { ...asked, whole: true }
    // Another model may have found fewer faces.
    return { ...asked, whole: false, face: chosenFace() < it.faces.length ? chosenFace() : 0 }
  })
  return { results, model, prediction, method, question }
}

/** `over`: the heat map over the picture; `beside`: the picture left of a handle, the heat map right. */
export type HeatLayout = 'over' | 'beside'

const colours = useRemembered<HeatColours>('heat-colours', 'viridis')
const layout = useRemembered<HeatLayout>('heat-layout', 'over')
const opacity = ref(0.6)
const split = ref(0.5)
const towards = ref<ClassName>('Fake')

/** How the reader looks at heat maps. */
export function useHeatLook() {
  return { colours, layout, opacity, split, towards }
}
