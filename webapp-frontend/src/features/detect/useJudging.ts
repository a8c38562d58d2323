import { ref } from 'vue'
import type { Question } from '@/api/predict'
import { useRemembered } from '@/ui/useRemembered'

// Not remembered: who comes back expects faces to be judged.
const whole = ref(false)
const stability = useRemembered<Question['stability']>('stability', 'auto')

/** How the reader wants pictures judged. */
export function useJudging() {
  return { whole, stability }
}
