import { onScopeDispose, ref, shallowRef } from 'vue'

/**
 * Why there is no video: `insecure` (browsers give cameras to HTTPS pages only), `missing`,
 * `denied` by the person or the browser, `unavailable` (mostly in use elsewhere), `lost` (unplugged).
 */
export type CameraProblem = 'insecure' | 'missing' | 'denied' | 'unavailable' | 'lost'

export type CameraState =
  | { step: 'off' }
  | { step: 'starting' }
  | { step: 'live'; stream: MediaStream }
  /** Turned off because the page was not visible. */
  | { step: 'hidden' }
  | { step: 'failed'; problem: CameraProblem }

const PROBLEMS: Record<string, CameraProblem> = {
  NotAllowedError: 'denied',
  SecurityError: 'denied',
  NotFoundError: 'missing',
  OverconstrainedError: 'missing',
}

/** The problem behind an error of `getUserMedia`. */
export function problemOf(thrown: unknown): CameraProblem {
  return (thrown instanceof Error && PROBLEMS[thrown.name]) || 'unavailable'
}

/** A camera of this device. It is on only while the page is open and visible. */
export function useCamera() {
  const state = shallowRef<CameraState>({ step: 'off' })
  /** The cameras to choose from, known once one is on. */
  const cameras = shallowRef<MediaDeviceInfo[]>([])
  const camera = ref('')
  /** Grows with each start and stop, so that a late permission does not turn the camera on. */
  let attempt = 0

  function end(next: CameraState) {
    attempt++
    if (state.value.step === 'live') {
      for (const track of state.value.stream.getTracks()) track.stop()
    }
    state.value = next
  }

  async function start() {
    end({ step: 'starting' })
    const own = attempt
    if (!('mediaDevices' in navigator)) {
      state.value = { step: 'failed', problem: 'insecure' }
      return
    }
    const wish = camera.value ? { deviceId: { exact: camera.value } } : { facingMode: 'user' }
    const size = { width: { ideal: 640 }, height: { ideal: 480 } }
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ video: { ...wish, ...size } })
      if (own !== attempt) {
        for (const track of stream.getTracks()) track.stop()
        return
      }
      const [track] = stream.getVideoTracks()
      track?.addEventListener('ended', () => {
        if (own === attempt) end({ step: 'failed', problem: 'lost' })
      })
      state.value = { step: 'live', stream }
      await listCameras(track)
    } catch (thrown) {
      if (own !== attempt) return
      // The chosen camera may have been unplugged; another one may do.
      if (camera.value && thrown instanceof Error && thrown.name === 'OverconstrainedError') {
        camera.value = ''
        await start()
        return
      }
      end({ step: 'failed', problem: problemOf(thrown) })
    }
  }

  async function listCameras(track: MediaStreamTrack | undefined) {
    const devices = await navigator.mediaDevices.enumerateDevices()
    cameras.value = devices.filter(({ kind }) => kind === 'videoinput')
    camera.value = track?.getSettings().deviceId ?? ''
  }

  function stop() {
    end({ step: 'off' })
  }

  function choose(id: string) {
    camera.value = id
    return start()
  }

  const listening = new AbortController()
  const { signal } = listening
  const isOn = () => state.value.step === 'live' || state.value.step === 'starting'
  document.addEventListener(
    'visibilitychange',
    () => {
      if (document.hidden && isOn()) end({ step: 'hidden' })
    },
    { signal },
  )
  // A page kept for the browser's back button.
  window.addEventListener('pagehide', stop, { signal })
  onScopeDispose(() => {
    listening.abort()
    stop()
  })
  return { state, cameras, camera, start, stop, choose }
}
