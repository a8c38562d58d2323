import { flushPromises, mount } from '@vue/test-utils'
import { expect, it, vi } from 'vitest'
import { defineComponent, h } from 'vue'
import type { Card, Prediction } from '@/api/types'
import AnswerHeadline from '@/features/detect/AnswerHeadline.vue'
import OtherModels from '@/features/detect/OtherModels.vue'
import VerdictAnnouncer from '@/features/detect/VerdictAnnouncer.vue'
import { provideModels } from '@/features/models/useModels'
import { i18n } from '@/i18n/i18n'
import { createDesign } from '@/ui/theme'
import { comparison, model, prediction } from '../samples'

const TEACHING = { intended_use: 'Teaching: shows the workflow.' } as Card

const list = {
  active: 'v5',
  models: [
    model('v1', { file: 'v1.keras', card: TEACHING }),
    model('v2', { file: 'v2.keras', card: TEACHING }),
    model('v4', { file: 'v4.keras' }),
    model('v5', { file: 'v5.keras', active: true }),
  ],
}
vi.stubGlobal('fetch', () => Promise.resolve(Response.json({ success: true, ...list })))

function results(verdicts: Record<string, Prediction['verdict']>) {
  return comparison(
    Object.entries(verdicts).map(([name, verdict]) => prediction({ model: name, verdict })),
  )
}

/** A component below the models of the service: v1 and v2 are for teaching, and v5 is active. */
async function shown(child: () => ReturnType<typeof h>) {
  const root = defineComponent(() => {
    void provideModels().refresh()
    return child
  })
  const page = mount(root, { global: { plugins: [i18n, createDesign()] } })
  await flushPromises()
  return page
}

it('does not count teaching models where the active model gave no verdict', async () => {
  const answer = results({ v1: 'fake', v2: 'fake', v4: 'real' })
  const page = await shown(() => h(AnswerHeadline, { answer }))
  expect(page.get('h3').text()).toBe('1 of 1 models says Real.')
})

it('reaches no verdict from teaching models alone', async () => {
  const answer = results({ v1: 'fake', v2: 'fake' })
  const page = await shown(() => h(AnswerHeadline, { answer }))
  expect(page.get('h3').text()).toBe(
    'Only teaching models gave a verdict, and they have no vote.',
  )
})

it('shows the file\'s own statement with the headline', async () => {
  const answer = comparison([
    prediction({
      model: 'v1',
      provenance: { ...prediction({}).provenance, claim: 'generated', trust: 'unverified' },
    }),
  ])
  const page = await shown(() => h(AnswerHeadline, { answer }))
  expect(page.text()).toContain('The file says that it was generated.')
})

it('reads out the verdict of the active model, and the vote where it gave none', async () => {
  const read = async (verdicts: Record<string, Prediction['verdict']>) => {
    const outcome = { step: 'answered', answer: results(verdicts) } as const
    return (await shown(() => h(VerdictAnnouncer, { outcome }))).text()
  }
  expect(await read({ v1: 'fake', v5: 'real' })).toMatch(/^v5: Likely real/)
  expect(await read({ v1: 'fake', v4: 'real' })).toBe('1 of 1 models says Real.')
})

it('names the models that are counted, where others are listed too', async () => {
  const shownText = async (verdicts: Record<string, Prediction['verdict']>) => {
    const answer = results(verdicts)
    const page = await shown(() => h(OtherModels, { answer, results: answer.results.slice(1) }))
    return page.get('h2 + p').text()
  }
  expect(await shownText({ v5: 'real', v1: 'fake', v4: 'real' })).toMatch(
    /^2 of 2 models say Real\.\s+Counted: v5, v4\. Teaching models have no vote\.$/,
  )
  expect(await shownText({ v5: 'real', v4: 'real' })).toBe('2 of 2 models say Real.')
})
