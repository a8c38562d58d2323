import type {
  Calibration,
  Card,
  Comparison,
  Curves,
  Disagreement,
  Estimate,
  EvaluationRow,
  EvaluationSummary,
  Face,
  HistoryEntry,
  Job,
  JobPicture,
  ModelEvaluation,
  ModelRow,
  Prediction,
  Reason,
  RunSummary,
  Stability,
  Statement,
  VerdictName,
} from '@/api/types'

const above: Reason = {
  code: 'above_threshold',
  message: '87.0% for Fake is at or above the threshold of 50.0%',
}

const said = {
  explained: [above],
  confidence: 0.87,
  probability: { real: 0.13, fake: 0.87 },
  raw_probability: { real: 0.13, fake: 0.87 },
  logit: 1.9,
  evidence: 'strong' as const,
  conformal: null,
  stability: null,
}

/** A face on a picture, with the verdict on it. */
export function face(fake: number, changes: Partial<Face> = {}): Face {
  const isFake = fake >= 0.5
  return {
    ...said,
    prediction: isFake ? 'Fake' : 'Real',
    verdict: isFake ? 'fake' : 'real',
    probability: { real: 1 - fake, fake },
    evidence: isFake ? 'strong' : 'weak',
    explained: [{ code: isFake ? 'above_threshold' : 'below_threshold', message: '' }],
    box: { left: 0.1, top: 0.2, width: 0.3, height: 0.4 },
    score: 0.9,
    ...changes,
  }
}

/** What became of a verdict under small changes: of the first, it turned. */
export const unstable: Stability = {
  stable: false,
  changes: [
    { change: 'jpeg_60', label: 'recompressed as JPEG, quality 60', fake: 0.4, prediction: 'Real' },
    { change: 'flip', label: 'mirrored', fake: 0.6, prediction: 'Fake' },
  ],
}

/** What most files say of their origin. */
export const silence: Statement = {
  claim: 'none',
  by: null,
  where: null,
  earlier: false,
  trust: 'none',
  message: '',
}

/** A model's verdict, as the API gives it. */
export function prediction(changes: Partial<Prediction> = {}): Prediction {
  return {
    success: true,
    prediction: 'Fake',
    verdict: 'fake',
    reasons: [above.message],
    ...said,
    judged: 'whole',
    faces: [],
    leading_face: null,
    threshold: 0.5,
    threshold_source: 'card',
    model: 'v1',
    model_sha256: 'a'.repeat(64),
    assumptions: [],
    assumed: [],
    message: 'This model sees signs of generation.',
    image: {
      sha256: 'b'.repeat(64),
      size_bytes: 100,
      width: 64,
      height: 64,
      format: 'JPEG',
      notes: [],
    },
    provenance: { ...silence },
    device: 'CPU',
    timing_ms: { decode: 1, queue: 0, faces: 0, infer: 3, total: 4 },
    ...changes,
  }
}

/** Several verdicts, and how far they agree. */
export function comparison(results: Prediction[]): Comparison {
  const fake = results.filter(({ verdict }) => verdict === 'fake').length
  const real = results.filter(({ verdict }) => verdict === 'real').length
  return {
    success: true,
    results,
    failed: [],
    agreement: {
      models: results.length,
      fake,
      real,
      undecided: results.length - fake - real,
      majority: fake === real ? null : fake > real ? 'Fake' : 'Real',
      unanimous: fake === results.length || real === results.length,
      message: 'The models agree.',
    },
  }
}

export const evaluation: EvaluationSummary = {
  dataset: 'faces',
  split: 'test',
  accuracy: 0.88,
  auc: 0.94,
  confusion: {
    true_fake: 86,
    missed_fake: 14,
    true_real: 90,
    false_fake: 10,
    correct: 176,
    total: 200,
  },
}

/** A training run. */
export function run(name: string, changes: Partial<RunSummary> = {}): RunSummary {
  const when = '2026-11-21T12:00:00Z'
  return {
    name,
    model: 'v1',
    status: 'finished',
    started: when,
    updated: when,
    last: [],
    problems: [],
    facts: null,
    ...changes,
  }
}

/** The card of a model trained in a run. */
export function card(logFolder: string | null): Card {
  const training = { data: 'faces', split: 'official', examples: {}, seed: 0, epochs: 20 }
  return { training: { ...training, log_folder: logFolder } } as unknown as Card
}

/** A model of the folder. */
export function model(
  name: string,
  { file, ...changes }: Partial<Omit<ModelRow, 'file'>> & { file: string },
): ModelRow {
  const modified = '2026-11-21T12:00:00Z'
  return {
    name,
    state: 'ready',
    active: false,
    assumptions: [],
    assumed: [],
    file: { name: file, size_bytes: 100, modified, sha256: null },
    ...changes,
  }
}

/** What was measured on one test. */
export function row(changes: Partial<EvaluationRow>): EvaluationRow {
  return {
    dataset: 'faces',
    split: 'test',
    delivery: 'original',
    n_real: 100,
    n_fake: 100,
    skipped: 0,
    confusion: evaluation.confusion,
    metrics: {},
    ...changes,
  }
}

/** A metric whose interval reaches as far to both sides. */
export function estimate(value: number, spread = 0.05): Estimate {
  return { value, low: value - spread, high: value + spread }
}

const ends = { x: [0, 1], y: [0, 1] }

export const curves: Curves = {
  roc: { x: [0, 0.05, 1], y: [0.1, 0.6, 1] },
  precision_recall: { x: [0, 0.8, 1], y: [1, 0.75, 0.5] },
  reliability: { x: [0.1, 0.9], y: [0.25, 0.7] },
  threshold: ends,
  thresholds: { accuracy: ends, fake_accuracy: { x: [0, 1], y: [1, 0] } },
  rocs: [],
}

export const calibration: Calibration = {
  model: 'v1',
  model_sha256: 'a'.repeat(64),
  dataset: 'faces',
  method: 'temperature',
  gains: ['validation', 'test'].map((split) => ({
    split,
    n_real: 100,
    n_fake: 100,
    fitted_here: split === 'validation',
    before: { ece: 0.21, brier: 0.25, nll: 0.8 },
    after: { ece: 0.08, brier: 0.2, nll: 0.6 },
  })),
}

/** The card of an ensemble. */
export function ensemble(changes: Partial<Card>): Card {
  const members = ['v1', 'v2'].map((name, index) => ({
    name,
    sha256: String(index).repeat(64),
    weight: index ? 3 : 1,
    calibrator: { kind: 'none' },
  }))
  return { kind: 'ensemble', members, ...changes } as unknown as Card
}

export function measured(rows: EvaluationRow[]): ModelEvaluation {
  return { evaluation: { rows } } as unknown as ModelEvaluation
}

/** A picture that models call differently; `right` says by model whether it was. */
export function disagreement(
  label: 'Real' | 'Fake',
  right: Record<string, boolean>,
): Disagreement {
  const other = label === 'Real' ? 'Fake' : 'Real'
  const calls = Object.entries(right).map(([name, isRight]) => ({
    model: name,
    fake: 0.7,
    prediction: isRight ? label : other,
    right: isRight,
  }))
  return { path: `Test/${label}/1.jpg`, label, sha256: null, picture: false, calls } as Disagreement
}

export const historyEntry: HistoryEntry = {
  id: 7,
  created: '2026-11-21T12:00:00Z',
  image: {
    name: 'portrait.jpg',
    sha256: 'b'.repeat(64),
    size_bytes: 2048,
    width: 64,
    height: 48,
    format: 'JPEG',
  },
  same_picture: [],
  verdicts: [
    {
      model: 'v1',
      model_sha256: 'a'.repeat(64),
      prediction: 'Fake',
      verdict: 'fake',
      probability: { real: 0.13, fake: 0.87 },
      logit: 1.9,
      threshold: 0.5,
      threshold_source: 'card',
    },
  ],
}

/** A job that judges the files of an archive. */
export function job(changes: Partial<Job> = {}): Job {
  const asked = { name: 'v1', sha256: 'a'.repeat(64), threshold: 0.5 }
  return {
    id: 'c'.repeat(32),
    kind: 'score',
    state: 'running',
    file: 'faces.zip',
    parameters: {
      calibrate: true,
      models: [{ ...asked, threshold_source: 'card' }],
      stability: 'never',
      whole: false,
    },
    created: '2026-11-21T12:00:00Z',
    total: 8,
    done: 0,
    failed: 0,
    ...changes,
  }
}

/** What a job found for a file; without verdicts it could not be read. */
export function jobPicture(file: string, verdicts: Record<string, VerdictName>): JobPicture {
  const [judged] = historyEntry.verdicts
  if (!judged) throw new Error('no sample')
  const each = Object.entries(verdicts).map(([model, verdict]) => ({ ...judged, model, verdict }))
  const refusal = { error: 'corrupt_image', message: 'The file is damaged.' }
  return { position: 0, file, verdicts: each, ...(each.length ? {} : refusal) }
}
