import { flushPromises } from '@vue/test-utils'
import { expect, it } from 'vitest'
import { effectScope, nextTick, shallowRef } from 'vue'
import { ApiFailure } from '@/api/client'
import { useAsync, useAsyncEach } from '@/api/useAsync'

it('keeps the answer, and knows while it waits', async () => {
  const { data, busy, failure, run } = useAsync((_signal, n: number) => Promise.resolve(2 * n))
  expect([data.value, busy.value]).toEqual([null, false])
  const running = run(3)
  expect(busy.value).toBe(true)
  await running
  expect([data.value, busy.value, failure.value]).toEqual([6, false, null])
})

it('keeps the last answer beside a failure, until a run succeeds', async () => {
  const answers = [Promise.resolve('first'), Promise.reject<string>(new ApiFailure('busy')), Promise.resolve('third')]
  const { data, failure, run } = useAsync(() => answers.shift() ?? Promise.resolve(''))
  await run()
  await run()
  expect([data.value, failure.value?.kind]).toEqual(['first', 'busy'])
  await run()
  expect([data.value, failure.value]).toEqual(['third', null])
})

it('ignores the answer of an older run that arrives late', async () => {
  const resolvers: ((value: string) => void)[] = []
  const signals: AbortSignal[] = []
  const { data, busy, run } = useAsync((signal) => {
    signals.push(signal)
    return new Promise<string>((resolve) => resolvers.push(resolve))
  })
  void run()
  void run()
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, false])
  resolvers[1]?.('new')
  resolvers[0]?.('old')
  await flushPromises()
  expect([data.value, busy.value]).toEqual(['new', false])
})

it('aborts its request when the component ends', () => {
  const scope = effectScope()
  let aborted: () => boolean = () => false
  scope.run(() => {
    const { run } = useAsync((signal) => {
      aborted = () => signal.aborted
      return new Promise<void>(() => undefined)
    })
    void run()
  })
  expect(aborted()).toBe(false)
  scope.stop()
  expect(aborted()).toBe(true)
})

it('reads each item once, and again when its version changes', async () => {
  const items = shallowRef([{ name: 'a', version: '1' }])
  const reads: string[] = []
  const read = (name: string) => Promise.resolve(reads.push(name))
  const { answers, loading } = useAsyncEach(items, read, ({ version }) => version)
  expect(loading.value).toBe(true)
  await flushPromises()
  items.value = [{ name: 'a', version: '1' }, { name: 'b', version: '1' }]
  await nextTick()
  await flushPromises()
  expect([reads, loading.value]).toEqual([['a', 'b'], false])
  items.value = [{ name: 'a', version: '2' }]
  await nextTick()
  await flushPromises()
  expect(reads).toEqual(['a', 'b', 'a'])
  expect(answers.get('a')).toBe(3)
})

it('keeps the failure of one item until that item is read, whatever the others do', async () => {
  const items = shallowRef([{ name: 'a' }, { name: 'b' }])
  const down = new Set(['a'])
  const read = (name: string) =>
    down.has(name) ? Promise.reject<string>(new ApiFailure('busy')) : Promise.resolve(name)
  const scope = effectScope()
  const { failed, failure, loading, loadAll } = scope.run(() => useAsyncEach(items, read)) ?? {}
  await flushPromises()
  expect([failed?.value, failure?.value?.kind, loading?.value]).toEqual([['a'], 'busy', true])
  down.clear()
  await loadAll?.()
  expect([failed?.value, failure?.value, loading?.value]).toEqual([[], null, false])
  scope.stop()
})
