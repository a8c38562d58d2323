import type { Page } from '@playwright/test'

interface Row {
  generator: string | null
  delivery: string
}

interface Measured {
  evaluation: { rows: Row[]; data_warnings: string[] | null }
  calibration: unknown
}

interface Models {
  models: { name: string; engine: unknown; card: Record<string, unknown> }[]
}

/**
 * Mocks what no published model has: v3 as the mean of v1 and v2, calibrated, measured by generator
 * and by perturbation, on data that leaks.
 */
export async function mockEvaluation(page: Page) {
  await page.route('**/api/models/v3/evaluation', async (route) => {
    const response = await route.fetch()
    const measured = (await response.json()) as Measured
    const [row] = measured.evaluation.rows
    if (!row) throw new Error('v3 was not measured')
    const original = { ...row, generator: null }
    const generators = ['StyleGAN', 'Stable Diffusion 1.5'].map((generator) => ({ ...row, generator }))
    const deliveries = ['jpeg-q60', 'blur-2'].map((delivery) => ({ ...original, delivery }))
    measured.evaluation.rows = [original, ...generators, ...deliveries]
    measured.evaluation.data_warnings = ['12 pictures are in the training split too']
    const before = { ece: 0.21, brier: 0.26, nll: 0.8 }
    const gain = { n_real: 100, n_fake: 100, before, after: { ece: 0.08, brier: 0.2, nll: 0.6 } }
    measured.calibration = {
      dataset: 'faces',
      method: 'temperature',
      gains: [
        { ...gain, split: 'validation', fitted_here: true },
        { ...gain, split: 'test', fitted_here: false },
      ],
    }
    await route.fulfill({ response, json: measured })
  })
  await page.route('**/api/models', async (route) => {
    const response = await route.fetch()
    const list = (await response.json()) as Models
    const members = ['v1', 'v2'].map((name) => ({
      name,
      sha256: '0'.repeat(64),
      weight: 1,
      calibrator: { kind: 'none' },
    }))
    for (const model of list.models.filter(({ name }) => name === 'v3')) {
      model.engine = null
      const calibrator = { kind: 'temperature', temperature: 3.1, bias: 0 }
      Object.assign(model.card, { kind: 'ensemble', members, combination: { kind: 'mean' }, calibrator })
    }
    await route.fulfill({ response, json: list })
  })
}
