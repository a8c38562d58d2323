import type { Page, Route } from '@playwright/test'

interface Result {
  model: string
  threshold: number
  image: Record<string, unknown>
}

interface Answer {
  results: (Result & Record<string, unknown>)[]
}

/** A result on one face, or on the whole picture. */
type MockResult = Record<string, unknown>

function verdictOn(fake: number, changes: MockResult = {}): MockResult {
  const isFake = fake >= 0.5
  const code = isFake ? 'above_threshold' : 'below_threshold'
  return {
    prediction: isFake ? 'Fake' : 'Real',
    verdict: isFake ? 'fake' : 'real',
    explained: [{ code, message: code }],
    confidence: Math.max(fake, 1 - fake),
    probability: { real: 1 - fake, fake },
    raw_probability: { real: 1 - fake, fake },
    logit: Math.log(fake / (1 - fake)),
    evidence: fake >= 0.9 ? 'very_strong' : fake >= 0.7 ? 'strong' : isFake ? 'moderate' : 'weak',
    conformal: null,
    stability: null,
    message: 'Mocked.',
    ...changes,
  }
}

function because(...codes: string[]) {
  return codes.map((code) => ({ code, message: `the service says ${code}` }))
}

const left = { box: { left: 0.08, top: 0.2, width: 0.34, height: 0.5 }, score: 0.94 }
const right = { box: { left: 0.62, top: 0.25, width: 0.28, height: 0.42 }, score: 0.88 }
const both = { coverage: 0.9, classes: ['Real', 'Fake'] }
const change = (name: string, fake: number) => ({
  change: name,
  label: name,
  fake,
  prediction: fake >= 0.5 ? 'Fake' : 'Real',
})

/** Results that no published model is sure to give, mocked as the answer of v3. */
export const PREDICTIONS = {
  'two faces': {
    ...verdictOn(0.97, { explained: because('above_threshold', 'several_faces') }),
    judged: 'face',
    faces: [{ ...verdictOn(0.08), ...left }, { ...verdictOn(0.97), ...right }],
    leading_face: 1,
    found: 2,
  },
  'no face': {
    ...verdictOn(0.7, { verdict: 'out_of_scope', explained: because('above_threshold', 'no_face') }),
    judged: 'whole',
    faces: [],
    found: 0,
  },
  unstable: {
    ...verdictOn(0.56, {
      verdict: 'uncertain',
      explained: because('above_threshold', 'unstable'),
      stability: {
        stable: false,
        changes: [
          change('jpeg_60', 0.41),
          change('half_size', 0.62),
          change('shift', 0.55),
          change('flip', 0.57),
        ],
      },
    }),
    judged: 'face',
    faces: [],
    found: 1,
  },
  'either class': {
    ...verdictOn(0.55, {
      verdict: 'uncertain',
      explained: because('above_threshold', 'conformal_both', 'of_tomorrow'),
      conformal: both,
    }),
    judged: 'face',
    faces: [],
    found: 1,
  },
} satisfies Record<string, MockResult>

/** The result on the whole picture. */
const WHOLE: MockResult = {
  ...verdictOn(0.4, { explained: because('below_threshold', 'whole_picture') }),
  judged: 'whole',
  faces: [],
  found: null,
}

/** Makes v3 a model for faces that gives one of the mocked results; the other models give their own. */
export async function mockPrediction(page: Page, name: keyof typeof PREDICTIONS) {
  await page.route('**/api/models', (route) => withFaceMargin(route))
  await page.route('**/api/predict?*', async (route) => {
    const whole = new URL(route.request().url()).searchParams.get('whole') === 'true'
    const { found, ...mocked } = (whole ? WHOLE : PREDICTIONS[name]) as MockResult
    const response = await route.fetch()
    const answer = (await response.json()) as Answer
    const results = answer.results.map((result) =>
      result.model === 'v3'
        ? { ...result, threshold: 0.5, ...mocked, image: { ...result.image, faces: found } }
        : result,
    )
    await route.fulfill({ response, json: { ...answer, results } })
  })
}

async function withFaceMargin(route: Route) {
  const response = await route.fetch()
  const list = (await response.json()) as { active: string; models: { name: string; card: { input: MockResult } & MockResult }[] }
  // The page opens with the faces of the active model.
  list.active = 'v3'
  for (const { name, card } of list.models) {
    if (name !== 'v3') continue
    card.input.face_margin = 0.3
    // A model for teaching has no vote, and its signs are not put into words.
    card.intended_use = 'A second opinion.'
    const fitted = { data: 'faces, validation', pictures: 1200 }
    card.conformal = { coverage: 0.9, real: 0.42, fake: 0.55, ...fitted }
    card.scope = {
      measures: ['luminance', 'contrast'],
      centre: [0.5, 0.2],
      precision: [
        [1, 0],
        [0, 1],
      ],
      limit: 20,
      ...fitted,
    }
  }
  await route.fulfill({ response, json: list })
}
