import { mount } from '@vue/test-utils'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import { ApiFailure, dataOf } from '@/api/client'
import { probe, useConnection } from '@/api/connection'
import { i18n } from '@/i18n/i18n'
import FailureNotice from '@/ui/FailureNotice.vue'
import ConnectionNotice from '@/ui/shell/ConnectionNotice.vue'
import { createDesign } from '@/ui/theme'

const global = { plugins: [i18n, createDesign()] }
let answers = true

beforeEach(async () => {
  vi.useFakeTimers()
  answers = true
  vi.stubGlobal('fetch', () =>
    answers ? Promise.resolve(new Response('{}')) : Promise.reject(new TypeError('Failed to fetch')),
  )
  await probe()
})

afterEach(async () => {
  answers = true
  await probe()
  vi.useRealTimers()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

/** A request that gets no answer, and the page's look at the service that follows. */
async function failingRequest() {
  await dataOf(Promise.reject<never>(new TypeError('Failed to fetch'))).catch(() => null)
  await vi.advanceTimersByTimeAsync(0)
}

it('notices that the service went away, and that it is back, on its own', async () => {
  const notice = mount(ConnectionNotice, { global })
  expect(notice.text()).toBe('')
  answers = false
  await failingRequest()
  expect(notice.text()).toContain('The service does not answer.')
  await vi.advanceTimersByTimeAsync(10_000)
  expect(notice.text()).toContain('The service does not answer.')
  answers = true
  await vi.advanceTimersByTimeAsync(2500)
  expect(notice.text()).toContain('The service is back.')
  await vi.advanceTimersByTimeAsync(10_000)
  expect(notice.text()).toBe('')
  notice.unmount()
})

it('says so when it is this device that has no network', async () => {
  const notice = mount(ConnectionNotice, { global })
  vi.spyOn(navigator, 'onLine', 'get').mockReturnValue(false)
  answers = false
  window.dispatchEvent(new Event('offline'))
  await vi.advanceTimersByTimeAsync(0)
  expect(notice.text()).toContain('You are offline.')
  answers = true
  window.dispatchEvent(new Event('online'))
  await vi.advanceTimersByTimeAsync(0)
  expect(notice.text()).toContain('The service is back.')
  notice.unmount()
})

it('does not take one failed or cancelled request for a service that is away', async () => {
  await failingRequest()
  expect(useConnection().value).toBe('up')
  answers = false
  await dataOf(Promise.reject<never>(new DOMException('aborted', 'AbortError'))).catch(() => null)
  await vi.advanceTimersByTimeAsync(0)
  expect(useConnection().value).toBe('up')
})

it.each([
  ['a request that got no answer', new ApiFailure('unreachable'), false, 1],
  ['a refusal of a proxy', new ApiFailure('busy', '', 'unavailable'), false, 1],
  ['a refusal of the service', new ApiFailure('refused', 'no', 'corrupt_image'), false, 0],
  ['what the reader must repeat', new ApiFailure('unreachable'), true, 0],
])('after %s, tries again as often as it should', async (_name, failure, manual, times) => {
  const retry = vi.fn()
  const notice = mount(FailureNotice, { props: { failure, retry, manual }, global })
  answers = false
  await probe()
  await nextTick()
  expect(retry).not.toHaveBeenCalled()
  answers = true
  await probe()
  await nextTick()
  expect(retry).toHaveBeenCalledTimes(times)
  notice.unmount()
})
