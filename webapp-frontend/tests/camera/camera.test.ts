import { flushPromises } from '@vue/test-utils'
import { afterEach, expect, it, vi } from 'vitest'
import { effectScope } from 'vue'
import { useCamera } from '@/features/camera/useCamera'

afterEach(() => {
  vi.unstubAllGlobals()
})

/** Cameras by their ids, the first of which is the default; an unknown one cannot be opened. */
function plug(ids: string[]) {
  const getUserMedia = ({ video }: { video: { deviceId?: { exact: string } } }) => {
    const id = video.deviceId?.exact ?? ids[0]
    if (!id) return Promise.reject(Object.assign(new Error('none'), { name: 'NotFoundError' }))
    if (!ids.includes(id)) return Promise.reject(Object.assign(new Error(id), { name: 'OverconstrainedError' }))
    const track = Object.assign(new EventTarget(), { stop: () => undefined, getSettings: () => ({ deviceId: id }) })
    return Promise.resolve({ getVideoTracks: () => [track], getTracks: () => [track] })
  }
  const enumerateDevices = () => Promise.resolve(ids.map((deviceId) => ({ deviceId, kind: 'videoinput' })))
  vi.stubGlobal('navigator', { mediaDevices: { getUserMedia, enumerateDevices } })
}

it('turns on another camera where the chosen one was unplugged', async () => {
  const scope = effectScope()
  const { camera, choose, start, state, stop } = scope.run(useCamera) ?? {}
  plug(['built-in', 'usb'])
  await choose?.('usb')
  expect([state?.value.step, camera?.value]).toEqual(['live', 'usb'])
  stop?.()
  plug(['built-in'])
  await start?.()
  await flushPromises()
  expect([state?.value.step, camera?.value]).toEqual(['live', 'built-in'])
  stop?.()
  plug([])
  await start?.()
  expect(state?.value).toEqual({ step: 'failed', problem: 'missing' })
  scope.stop()
})
