import { computed, ref, watch } from 'vue'
import type { Comparison } from '@/api/types'
import { faceJudges } from './faces'

/** Which face of a judged picture is looked at, and by which model's verdict. */
export function useFaceChoice(answer: () => Comparison | undefined, active: () => string | null) {
  const judges = computed(() => faceJudges(answer()?.results ?? []))
  const asked = ref<string | null>(null)
  const judge = computed(() => {
    const named = (name: string | null) => judges.value.find(({ model }) => model === name)
    return named(asked.value) ?? named(active()) ?? judges.value[0]
  })
  const faces = computed(() => judge.value?.faces ?? [])
  const chosen = ref(0)
  const face = computed(() => faces.value[chosen.value])

  watch(answer, () => {
    asked.value = null
    chosen.value = judge.value?.leading_face ?? 0
  }, { immediate: true })

  return { judges, judge, faces, chosen, face, ask: (model: string) => (asked.value = model) }
}

export type FaceChoice = ReturnType<typeof useFaceChoice>
