import { ref } from 'vue'
import { listHistory } from '@/api/history'

/** Whether the service keeps verdicts at all; null where that is not known. */
export function useRecording() {
  const recording = ref<boolean | null>(null)
  void listHistory({}, { limit: 1, offset: 0 }).then(
    (page) => (recording.value = page.recording),
    () => undefined,
  )
  return recording
}
