import type { Readable } from 'openapi-typescript-helpers'
import type { components } from './schema'

// As openapi-fetch gives them.
type Schemas = Readable<components['schemas']>

export type Agreement = Schemas['Agreement']
export type Call = Schemas['Call']
export type Card = Schemas['Card']
export type Comparison = Schemas['Comparison']
export type Confusion = Schemas['Confusion']
export type Curve = Schemas['Curve']
export type Disagreement = Schemas['Disagreement']
export type Estimate = Schemas['Estimate']
export type EvaluationRow = Schemas['EvaluationRow']
export type EvaluationSummary = Schemas['EvaluationSummary']
export type FailedModel = Schemas['FailedModel']
export type FolderFile = Schemas['FolderFile']
export type HistoryEntry = Schemas['HistoryEntry']
export type HistoryPage = Schemas['HistoryPage']
export type HistoryVerdict = Schemas['HistoryVerdict']
export type ModelComparison = Schemas['ModelComparison']
export type ModelEvaluation = Schemas['ModelEvaluation']
export type ModelList = Schemas['ModelList']
export type ModelRow = Schemas['ModelRow']
export type ModelSpeed = Schemas['ModelSpeed']
export type Pair = Schemas['Pair']
export type Prediction = Schemas['Prediction']
export type RunDetail = Schemas['RunDetail']
export type RunFacts = Schemas['RunFacts']
export type RunPoint = Schemas['RunPoint']
export type RunSeries = Schemas['RunSeries']
export type RunSummary = Schemas['RunSummary']

export type ModelState = ModelRow['state']
export type RunStatus = RunSummary['status']
export type VerdictName = Prediction['verdict']
