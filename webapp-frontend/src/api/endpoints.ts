import { dataOf, ApiFailure, client, pictureForm, type Sending, upload } from './client'
import type { paths } from './schema'
import type {
  CaseAnswer,
  Comparison,
  Explanation,
  ForensicResult,
  HistoryEntryAnswer,
  HistoryPage,
  Job,
  JobAnswer,
  JobList,
  JobPicture,
  Method,
  ModelComparison,
  ModelEvaluation,
  ModelList,
  ModelRow,
  ModelSpeed,
  Prediction,
  ProvenanceAnswer,
  RunDetail,
  RunSummary,
  ServiceConfig,
  ViewId,
} from './types'

export function getConfig(): Promise<ServiceConfig> {
  return dataOf(client.GET('/api/config'))
}

export interface PredictOptions {
  /** `all`, or names separated by commas. */
  models: string
  /** Whether the service may keep the verdicts; it never keeps the picture. */
  history: boolean
  /** Whether to judge the whole picture instead of the faces on it. */
  whole: boolean
  /** When to see whether the verdict holds under small changes. */
  stability: 'auto' | 'always' | 'never'
}

/** Asks several models about one picture. */
export async function predict(
  file: File,
  question: PredictOptions,
  signal: AbortSignal,
): Promise<Comparison> {
  const answer = await dataOf(
    client.POST('/api/predict', { params: { query: question }, ...pictureForm(file), signal }),
  )
  if (!('results' in answer)) throw new ApiFailure('unreadable')
  return answer
}

/** A JPEG of a picture whose format the browser cannot display. */
export function getPreview(file: File): Promise<Blob> {
  return dataOf<Blob>(client.POST('/api/preview', { ...pictureForm(file), parseAs: 'blob' }))
}

/** Asks the active model about one frame of a video; nothing of it is kept. */
export async function predictFrame(frame: Blob, signal: AbortSignal): Promise<Prediction> {
  const query = { history: false, stability: 'never' } as const
  const sent = pictureForm(new File([frame], 'frame.jpg', { type: frame.type }))
  const answer = await dataOf(client.POST('/api/predict', { params: { query }, ...sent, signal }))
  if (!('verdict' in answer)) throw new ApiFailure('unreadable')
  return answer
}

/** What was asked of which models; the history is left alone. */
export type ReportOptions = Omit<PredictOptions, 'history'>

/** A report to hand on, as a file; with its heat map it takes the service some seconds. */
export function getReport(file: File, judging: ReportOptions, format: 'html' | 'json'): Promise<Blob> {
  const query = { ...judging, format }
  const sent = { params: { query }, ...pictureForm(file), parseAs: 'blob' } as const
  return dataOf<Blob>(client.POST('/api/report', sent))
}

/** What someone knows of a picture that was judged wrongly. */
export interface CaseReport {
  really: 'real' | 'fake' | 'unsure'
  note: string
  /** Whether the service may keep the picture. */
  keep: boolean
}

/** Tells the service that a verdict is wrong; it judges the picture once more itself. */
export function submitCase(
  file: File,
  judging: ReportOptions,
  { really, note, keep }: CaseReport,
): Promise<CaseAnswer> {
  const fields = { really, note, keep_picture: keep }
  const params = { query: judging }
  return dataOf(client.POST('/api/cases', { params, ...pictureForm(file, fields) }))
}

/** What a file says of itself; `personal`: with places, names, serial numbers and comments. */
export function readProvenance(
  file: File,
  personal: boolean,
  signal: AbortSignal,
): Promise<ProvenanceAnswer> {
  const params = { query: { personal } }
  return dataOf(client.POST('/api/provenance', { params, ...pictureForm(file), signal }))
}

/** One way to look at a picture; some take the service a second. */
export async function getForensicView(file: File, view: ViewId, signal: AbortSignal): Promise<ForensicResult> {
  const params = { query: { view } }
  const sent = { params, ...pictureForm(file), signal }
  return (await dataOf(client.POST('/api/forensics', sent))) as ForensicResult
}

export interface HeatMapOptions {
  model: string
  method: Method
  /** The place among the faces of the model's verdict, where it judged faces. */
  face?: number
  /** Whether the whole picture was judged instead. */
  whole: boolean
}

/** Why a model leans one way on a picture; where that takes long, the job that finds out. */
export async function explain(
  file: File,
  question: HeatMapOptions,
  signal: AbortSignal,
): Promise<Explanation | Job> {
  const sent = { params: { query: question }, ...pictureForm(file), signal }
  return explanationOrJob(await dataOf(client.POST('/api/explain', sent)))
}

/** What a job has found out; the job itself where it has not ended. */
export async function getExplanation(id: string): Promise<Explanation | Job> {
  const params = { path: { job: id } }
  return explanationOrJob(await dataOf(client.GET('/api/explanations/{job}', { params })))
}

function explanationOrJob(answer: Explanation | { job: Job }): Explanation | Job {
  return 'job' in answer ? answer.job : answer
}

const JOBS: keyof paths = '/api/jobs'

/** Has every picture of a ZIP archive judged. `models`: `all`, names with commas; empty: the active one. */
export async function startJob(
  archive: File,
  asked: Record<string, string>,
  sending: Sending,
): Promise<Job> {
  const form = new FormData()
  form.append('archive', archive)
  const query = new URLSearchParams(asked).toString()
  const address = query ? `${JOBS}?${query}` : JOBS
  return (await dataOf(upload<JobAnswer>(address, form, sending))).job
}

export function listJobs(page: { limit: number; offset: number }): Promise<JobList> {
  return dataOf(client.GET('/api/jobs', { params: { query: page } }))
}

export async function getJob(job: string): Promise<Job> {
  return (await dataOf(client.GET('/api/jobs/{job}', { params: { path: { job } } }))).job
}

/** What was found for the files from `offset` on, in the archive's order. */
export async function getJobResults(
  job: string,
  query: { limit: number; offset: number },
): Promise<JobPicture[]> {
  const params = { path: { job }, query }
  return (await dataOf(client.GET('/api/jobs/{job}/results', { params }))).results
}

/** Ends an active job and keeps what it has found; one that has ended stays as it is. */
export async function cancelJob(job: string): Promise<Job> {
  return (await dataOf(client.POST('/api/jobs/{job}/cancel', { params: { path: { job } } }))).job
}

/** Forgets a job that has ended. */
export async function deleteJob(job: string): Promise<void> {
  await dataOf(client.DELETE('/api/jobs/{job}', { params: { path: { job } } }))
}

/** Server-sent events: `progress` and `end`, each with the job as JSON. */
export function jobEventsUrl(job: string): string {
  return `${JOBS}/${job}/events`
}

export function jobTableUrl(job: string): string {
  return `${JOBS}/${job}/results?format=csv`
}

/** What the API understands as a filter; without one, everything. */
export type HistoryQuery = NonNullable<paths['/api/history']['delete']['parameters']['query']>

export function listHistory(
  query: HistoryQuery & { by?: 'entry' | 'picture' },
  page: { limit: number; offset: number },
): Promise<HistoryPage> {
  return dataOf(client.GET('/api/history', { params: { query: { ...query, ...page } } }))
}

/** Forgets every entry that the filter lets through. */
export async function deleteHistory(query: HistoryQuery): Promise<number> {
  return (await dataOf(client.DELETE('/api/history', { params: { query } }))).deleted
}

/** One entry with its complete answer, where the service has that. */
export function getHistoryEntry(entry: number): Promise<HistoryEntryAnswer> {
  return dataOf(client.GET('/api/history/{entry}', { params: { path: { entry } } }))
}

export function listModels(): Promise<ModelList> {
  return dataOf(client.GET('/api/models'))
}

export function getEvaluation(name: string): Promise<ModelEvaluation> {
  return dataOf(client.GET('/api/models/{name}/evaluation', { params: { path: { name } } }))
}

/** Has the service time the model on one picture; takes about a second. */
export function measureSpeed(name: string): Promise<ModelSpeed> {
  return dataOf(client.POST('/api/models/{name}/speed', { params: { path: { name } } }))
}

export async function setActive(name: string): Promise<string> {
  return (await dataOf(client.PUT('/api/models/active', { body: { name } }))).active
}

/** Sets the threshold, in [0, 1]; null goes back to the model's own. */
export async function setThreshold(name: string, threshold: number | null): Promise<ModelRow> {
  const change = { params: { path: { name } }, body: { threshold } }
  return (await dataOf(client.PATCH('/api/models/{name}', change))).model
}

/** Two or more models on the test pictures of a data set that all of them were measured on. */
export function compareOnTests(
  models: string[],
  dataset: string | undefined,
  signal: AbortSignal,
): Promise<ModelComparison> {
  const query = { models: models.join(','), dataset }
  return dataOf(client.GET('/api/compare', { params: { query }, signal }))
}

/** Where a test picture can be seen, scaled down. */
export function testPictureUrl(sha256: string): string {
  return `/api/compare/pictures/${sha256}`
}

export async function listRuns(): Promise<RunSummary[]> {
  return (await dataOf(client.GET('/api/runs'))).runs
}

export function getRun(name: string): Promise<RunDetail> {
  return dataOf(client.GET('/api/runs/{name}', { params: { path: { name } } }))
}
