import { computed, ref } from 'vue'
import type { HeatQuestion } from '@/api/explain'
import type { Comparison, Method } from '@/api/types'
import { withFirst } from '@/features/detect/verdicts'

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

  const question = computed<HeatQuestion | null>(() => {
    const it = prediction.value
    if (!it) return null
    const asked = { model: it.model, method: method.value }
    if (it.judged === 'whole') return { ...asked, whole: true }
    // Another model may have found fewer faces.
    return { ...asked, whole: false, face: chosenFace() < it.faces.length ? chosenFace() : 0 }
  })
  return { results, model, prediction, method, question }
}
