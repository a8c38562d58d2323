import type { Readable } from 'openapi-typescript-helpers'
import type { components, paths } from './schema'

// As openapi-fetch gives them.
type Schemas = Readable<components['schemas']>

export type Agreement = Schemas['Agreement']
export type Attachment = Schemas['Attachment']
export type Calibration = Schemas['Calibration']
export type Call = Schemas['Call']
export type Card = Schemas['Card']
export type CaseAnswer = Schemas['CaseAnswer']
export type Change = Schemas['Change']
export type Claim = Schemas['Claim']
export type Comparison = Schemas['Comparison']
export type ConformalSet = Schemas['ConformalSet']
export type Confusion = Schemas['Confusion']
export type Credentials = Schemas['Credentials']
export type Curve = Schemas['Curve']
export type Curves = Schemas['Curves']
export type Disagreement = Schemas['Disagreement']
export type Entry = Schemas['Entry']
export type Estimate = Schemas['Estimate']
export type Evaluation = Schemas['Evaluation']
export type EvaluationRow = Schemas['EvaluationRow']
export type EvaluationSummary = Schemas['EvaluationSummary']
export type Explanation = Schemas['Explanation']
export type Face = Schemas['FacePrediction']
export type FaceBox = Schemas['FaceBox']
export type FailedModel = Schemas['FailedModel']
export type FolderFile = Schemas['FolderFile']
export type HistoryEntry = Schemas['HistoryEntry']
export type HistoryEntryAnswer = Schemas['HistoryEntryAnswer']
export type HistoryPage = Schemas['HistoryPage']
export type HistoryVerdict = Schemas['HistoryVerdict']
export type Job = Schemas['Job']
export type JobAnswer = Schemas['JobAnswer']
export type JobList = Schemas['JobList']
export type JobModel = Schemas['JobModel']
export type JobPicture = Schemas['JobPicture']
export type LabelledCounts = Schemas['LabelledCounts']
export type ModelComparison = Schemas['ModelComparison']
export type ModelEvaluation = Schemas['ModelEvaluation']
export type ModelList = Schemas['ModelList']
export type ModelRow = Schemas['ModelRow']
export type ModelSpeed = Schemas['ModelSpeed']
export type Assumption = Schemas['Assumption']
export type Note = Schemas['Note']
export type Pair = Schemas['Pair']
export type Prediction = Schemas['Prediction']
export type ProvenanceAnswer = Schemas['ProvenanceAnswer']
export type Reason = Schemas['Reason']
export type RunDetail = Schemas['RunDetail']
export type RunFacts = Schemas['RunFacts']
export type RunPoint = Schemas['RunPoint']
export type RunSeries = Schemas['RunSeries']
export type RunSummary = Schemas['RunSummary']
export type Stability = Schemas['Stability']
export type Statement = Schemas['Statement']

/** What the service accepts, and whether it keeps a history. */
export type ServiceConfig =
  paths['/api/config']['get']['responses'][200]['content']['application/json']

export type Calibrator = Card['calibrator']
export type ClassName = Prediction['prediction']
export type HeatColours = Explanation['overlays'][number]['colours']
export type JobState = Job['state']
export type Method = Explanation['method']
export type ModelState = ModelRow['state']
export type RunStatus = RunSummary['status']
export type VerdictName = Prediction['verdict']
export type ViewId = ForensicView['view']

type ForensicView = Schemas['ForensicView']

interface ViewNumbers {
  error_level: Schemas['ErrorLevels']
  noise: Schemas['Noise']
  spectrum: Schemas['Spectrum']
  jpeg: Schemas['Jpeg']
  double_compression: Schemas['DoubleCompression']
  colours: Schemas['Colours']
}

/** A forensic view with the numbers that its kind has, which the schema cannot say. */
export type ForensicResult = {
  [View in ViewId]: Omit<ForensicView, 'view' | 'numbers'> & {
    view: View
    numbers: ViewNumbers[View]
  }
}[ViewId]
