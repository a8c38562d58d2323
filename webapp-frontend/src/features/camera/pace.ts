import type { ApiFailure } from '@/api/client'
import type { Size } from '@/ui/files'

/** Shortest time from one frame to the next: at most ten frames a second. */
const SHORTEST_MS = 100
/** The service rests for this share of the time that it took, so that others have their turn. */
const REST = 0.25
/** Pause after a failure that names no time. */
const AFTER_FAILURE_MS = 3000
/** Longest side of a frame that is sent: the detector needs no more, and large frames travel slowly. */
const LONGEST_SIDE = 640

/** How long to wait after an answer that took `tookMs`. */
export function pauseAfter(tookMs: number): number {
  return Math.max(SHORTEST_MS - tookMs, tookMs * REST)
}

/** How long to wait after a failure: as long as the service asks for. */
export function pauseAfterFailure({ retryAfter }: ApiFailure): number {
  return retryAfter === null ? AFTER_FAILURE_MS : retryAfter * 1000
}

/** Frames a second over these moments in milliseconds; null for fewer than two. */
export function frameRate(moments: number[]): number | null {
  const span = (moments.at(-1) ?? 0) - (moments[0] ?? 0)
  return span > 0 ? ((moments.length - 1) * 1000) / span : null
}

/** The size at which a frame is sent: never larger than it is. */
export function frameSize({ width, height }: Size): Size {
  const scale = Math.min(1, LONGEST_SIDE / Math.max(width, height))
  return {
    width: Math.max(1, Math.round(width * scale)),
    height: Math.max(1, Math.round(height * scale)),
  }
}
