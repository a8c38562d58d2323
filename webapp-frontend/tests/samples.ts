import type { Comparison, EvaluationSummary, Prediction } from '@/api/types'

/** A model's verdict, as the API gives it. */
export function prediction(changes: Partial<Prediction> = {}): Prediction {
  return {
    success: true,
    prediction: 'Fake',
    verdict: 'fake',
    reasons: ['87.0% for Fake is at or above the threshold of 50.0%'],
    confidence: 0.87,
    probability: { real: 0.13, fake: 0.87 },
    raw_probability: { real: 0.13, fake: 0.87 },
    logit: 1.9,
    threshold: 0.5,
    threshold_source: 'card',
    model: 'v1',
    model_sha256: 'a'.repeat(64),
    assumptions: [],
    message: 'This model sees signs of generation.',
    image: { sha256: 'b'.repeat(64), size_bytes: 100, width: 64, height: 64, format: 'JPEG' },
    device: 'CPU',
    timing_ms: { decode: 1, queue: 0, infer: 3, total: 4 },
    ...changes,
  }
}

/** Several verdicts, and how far they agree. */
export function comparison(
  results: Prediction[],
  majority: Comparison['agreement']['majority'],
): Comparison {
  const fake = results.filter((result) => result.prediction === 'Fake').length
  return {
    success: true,
    results,
    failed: [],
    agreement: {
      models: results.length,
      fake,
      real: results.length - fake,
      majority,
      unanimous: fake === 0 || fake === results.length,
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
