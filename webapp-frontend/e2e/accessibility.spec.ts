import type { Page } from '@playwright/test'
import { mockPrediction } from './predictionMocks'
import { archive, finishedJob, forgetJobs } from './jobs'
import { addHistoryEntry } from './historyEntries'
import { drop, NO_PICTURE, picture } from './picture'
import { mockEvaluation } from './evaluationMocks'
import { expectNoFaults } from './faults'
import { expect, test } from './test'

// Each test looks at up to ten states twice.
test.describe.configure({ timeout: 600_000 })

/** The states of a page, each reached from the one before it. */
type States = Record<string, (page: Page) => Promise<void>>

const PAGES: Record<string, States> = {
  Detect: {
    empty: async (page) => {
      await page.goto('/')
      await expect(page.getByRole('region', { name: 'First steps' })).toBeVisible()
      await expect(page.getByRole('button', { name: 'Drop a portrait here' })).toBeVisible()
    },
    'a refusal': async (page) => {
      await page.setInputFiles('input[type=file]', NO_PICTURE)
      await expect(page.getByRole('alert')).toBeVisible()
    },
    'a verdict with its details': async (page) => {
      await page.setInputFiles('input[type=file]', picture())
      await page.getByRole('button', { name: 'Details' }).first().click()
      await expect(page.getByText('Picture SHA-256')).toBeVisible()
    },
    'two faces, one of them chosen': async (page) => {
      await mockPrediction(page, 'two faces')
      await page.goto('/')
      await page.setInputFiles('input[type=file]', picture())
      const faces = page.getByRole('region', { name: '2 faces' })
      await faces.getByRole('radio', { name: /^Face 1/ }).check({ force: true })
      await faces.getByRole('button', { name: 'Details' }).click()
      await expect(faces.getByText('Face detector score')).toBeVisible()
    },
    'a picture without a face': async (page) => {
      await mockPrediction(page, 'no face')
      await page.setInputFiles('input[type=file]', picture())
      // Without FACE the picture is a gradient, which every model calls out of distribution.
      await expect(page.getByText('Out of distribution', { exact: true }).first()).toBeVisible()
    },
    'a verdict that does not hold': async (page) => {
      await mockPrediction(page, 'unstable')
      await page.setInputFiles('input[type=file]', picture())
      await expect(page.getByText('Real, changed').first()).toBeVisible()
    },
  },
  Batch: {
    empty: async (page) => {
      await page.goto('/batch')
      await page.getByRole('radio', { name: 'Selected' }).check({ force: true })
      await expect(page.getByRole('checkbox', { name: 'v3' })).toBeVisible()
    },
    'an archive to be sent, and a hint': async (page) => {
      await page.setInputFiles('input[type=file]', archive('chosen', 1))
      await page.getByRole('checkbox', { name: 'v3' }).check()
      await drop(page, { ...NO_PICTURE, name: 'notes.txt', mimeType: 'text/plain' })
      await expect(page.getByRole('button', { name: 'Start the job' })).toBeEnabled()
      await expect(page.getByRole('alert')).toBeVisible()
    },
    'a list of jobs': async (page) => {
      const { file } = await finishedJob(page.request)
      await page.goto('/batch')
      await expect(page.getByRole('article', { name: file })).toBeVisible()
    },
    'a job with its results': async (page) => {
      await page.getByRole('link', { name: /^e2e-finished/ }).click()
      await expect(page.getByRole('row', { name: /^broken/ })).toBeVisible()
    },
    'its gallery': async (page) => {
      await page.getByRole('radio', { name: 'Gallery' }).check({ force: true })
      await expect(page.getByRole('article', { name: 'broken.jpg' })).toBeVisible()
    },
    'a job that runs': async (page) => {
      const job = await finishedJob(page.request)
      // As it was half-way, for as long as it takes to look at.
      await page.route(`**/api/jobs/${job.id}`, (route) =>
        route.fulfill({ json: { success: true, job: { ...job, state: 'running', done: 1 } } }),
      )
      await page.route(`**/api/jobs/${job.id}/events`, (route) => route.abort())
      await page.goto(`/batch/${job.id}`)
      await expect(page.getByRole('progressbar', { name: job.file })).toBeVisible()
      await expect(page.getByRole('row').nth(1)).toBeVisible()
    },
    'a job that does not exist': async (page) => {
      await page.goto('/batch/unknown')
      await expect(page.getByRole('heading', { name: 'This job does not exist' })).toBeVisible()
    },
  },
  Models: {
    'the list': async (page) => {
      await mockEvaluation(page)
      await page.goto('/models')
      await page.getByText(/warnings? about the test data/).click()
      await expect(page.getByText('12 pictures are in the training split too')).toBeVisible()
    },
    'each tab of a model': async (page) => {
      await page.goto('/models/v5')
      await expect(page.getByText('Called real')).toBeVisible()
    },
    'its metrics': async (page) => {
      await page.getByRole('tab', { name: 'Figures' }).click()
      await expect(page.getByRole('columnheader', { name: '95% interval' })).toBeVisible()
    },
    'its threshold': async (page) => {
      await page.getByRole('tab', { name: 'Threshold' }).click()
      await expect(page.getByRole('slider', { name: 'Metrics by threshold' })).toBeVisible()
    },
    'its data and limits': async (page) => {
      await page.getByRole('tab', { name: 'Data and limits' }).click()
      await expect(page.getByText('Known failures')).toBeVisible()
    },
    'its file': async (page) => {
      await page.getByRole('tab', { name: 'File' }).click()
      await expect(page.getByText('Architecture')).toBeVisible()
    },
    'a rich evaluation, calibration': async (page) => {
      await page.goto('/models/v3?tab=figures&figures=calibration')
      await page.getByText('Show as a table Reliability diagram').click()
      await expect(page.getByRole('row', { name: /^test/ })).toBeVisible()
    },
    'a rich evaluation, robustness': async (page) => {
      await page.goto('/models/v3?tab=figures&figures=robustness')
      await expect(page.getByRole('row', { name: /^Gaussian blur/ })).toBeVisible()
    },
    'an evaluation without curves': async (page) => {
      await page.route('**/api/models/v1/evaluation', async (route) => {
        const response = await route.fetch()
        const json = { ...((await response.json()) as object), curves: null }
        await route.fulfill({ response, json })
      })
      await page.goto('/models/v1?tab=figures&figures=curves')
      await expect(page.getByText('This evaluation has no curves.')).toBeVisible()
    },
    'the guide to mounting a model': async (page) => {
      await page.goto('/models/mount')
      await expect(page.getByText('v1.keras')).toBeVisible()
    },
  },
  Training: {
    curves: async (page) => {
      await page.goto('/training')
      await page.getByRole('button', { name: 'All', exact: true }).click()
      await page.locator('summary', { hasText: 'Details' }).first().click()
      await page.getByRole('slider', { name: /selected runs/ }).press('Home')
      await expect(page.getByRole('columnheader', { name: 'Epoch 1', exact: true })).toBeVisible()
    },
    TensorBoard: async (page) => {
      await page.goto('/training?view=tensorboard')
      await expect(page.locator('iframe')).toBeVisible()
    },
  },
  'Camera and Help': {
    'the first visit': async (page) => {
      await page.goto('/')
      await page.getByRole('button', { name: 'Got it' }).click()
      await page.reload()
      await expect(page.getByRole('button', { name: 'Drop a portrait here' })).toBeVisible()
      await expect(page.getByRole('region', { name: 'First steps' })).toHaveCount(0)
    },
    'the camera, off': async (page) => {
      await page.goto('/camera')
      await expect(page.getByRole('heading', { name: 'The camera is off' })).toBeVisible()
    },
    'no camera': async (page) => {
      await page.getByRole('button', { name: 'Turn on the camera' }).click()
      await expect(page.getByRole('heading', { name: /No camera|The camera is blocked/ })).toBeVisible()
    },
    'the help': async (page) => {
      await page.getByRole('link', { name: 'Help', exact: true }).click()
      await expect(page.getByText(/The active model is v\d+/)).toBeVisible()
    },
    'what a verdict cannot tell': async (page) => {
      await page.getByRole('tab', { name: 'What it cannot tell' }).click()
      await expect(page.getByText('Whether the story is true')).toBeVisible()
    },
    'the pictures that the model knows': async (page) => {
      await page.getByRole('tab', { name: 'Pictures it knows' }).click()
      await expect(page.getByText('Known failures')).toBeVisible()
    },
    'the API': async (page) => {
      await page.getByRole('tab', { name: 'API' }).click()
      await page.getByRole('radio', { name: 'Python' }).check({ force: true })
      await expect(page.getByText('import requests')).toBeVisible()
    },
  },
  'Compare, History, and no page': {
    'the comparison': async (page) => {
      await page.goto('/compare')
      await expect(page.getByText(/^A model counts as better only/)).toBeVisible()
    },
    'its curves': async (page) => {
      await page.getByRole('tab', { name: 'Curves' }).click()
      await expect(page.getByRole('slider', { name: 'ROC curve' })).toBeVisible()
    },
    'its generators': async (page) => {
      await page.getByRole('tab', { name: 'Generators' }).click()
      await expect(page.getByRole('columnheader', { name: 'StyleGAN', exact: true })).toBeVisible()
    },
    'its disagreements': async (page) => {
      await page.getByRole('tab', { name: 'Disagreements' }).click()
      await expect(page.getByRole('heading', { name: 'Pictures with disagreement' })).toBeVisible()
    },
    'its training curves': async (page) => {
      await page.getByRole('tab', { name: 'Training' }).click()
      await expect(page.getByRole('slider', { name: /selected runs/ })).toBeVisible()
    },
    'the history': async (page) => {
      await addHistoryEntry(page.request, 'accessibility.png')
      await page.goto('/history')
      await expect(page.getByRole('article').first()).toBeVisible()
    },
    'the page that is not found': async (page) => {
      await page.goto('/no/such/page')
      await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
    },
  },
}

test.afterEach(async ({ request }) => {
  await forgetJobs(request)
})

for (const [title, states] of Object.entries(PAGES)) {
  test(`${title}: no state has accessibility faults, and all fit`, async ({ page }) => {
    for (const [state, show] of Object.entries(states)) {
      await test.step(state, async () => {
        await show(page)
        await expectNoFaults(page, state)
      })
    }
  })
}
