import { useRemembered } from '@/ui/useRemembered'

const keep = useRemembered('keep-history', true)

/** Whether the reader wants verdicts kept in the history. */
export function useKeeping() {
  return keep
}
