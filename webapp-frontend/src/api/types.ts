import type { Readable } from 'openapi-typescript-helpers'
import type { components } from './schema'

// As openapi-fetch gives them.
type Schemas = Readable<components['schemas']>

export type Agreement = Schemas['Agreement']
export type Card = Schemas['Card']
export type Comparison = Schemas['Comparison']
export type Confusion = Schemas['Confusion']
export type Estimate = Schemas['Estimate']
export type EvaluationRow = Schemas['EvaluationRow']
export type EvaluationSummary = Schemas['EvaluationSummary']
export type FailedModel = Schemas['FailedModel']
export type ModelEvaluation = Schemas['ModelEvaluation']
export type ModelList = Schemas['ModelList']
export type ModelRow = Schemas['ModelRow']
export type Prediction = Schemas['Prediction']

export type ModelState = ModelRow['state']
export type VerdictName = Prediction['verdict']
