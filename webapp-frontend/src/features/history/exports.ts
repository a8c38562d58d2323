import type { Slice } from '@/api/usePaged'
import type { HistoryEntry, HistoryPage } from '@/api/types'

/** As many as the API returns at once. */
const PER_REQUEST = 200

/** Every entry of a list that the service returns page by page, each once: new ones shift the pages. */
export async function allEntries(
  read: (slice: Slice) => Promise<HistoryPage>,
): Promise<HistoryEntry[]> {
  const entries = new Map<number, HistoryEntry>()
  for (let offset = 0; ; offset += PER_REQUEST) {
    const page = await read({ limit: PER_REQUEST, offset })
    for (const entry of page.entries) entries.set(entry.id, entry)
    if (!page.entries.length || offset + PER_REQUEST >= page.total) return [...entries.values()]
  }
}

const COLUMNS = [
  ...['created', 'file', 'model', 'verdict', 'prediction', 'probability_fake', 'threshold'],
  ...['threshold_source', 'logit', 'sha256', 'width', 'height', 'format', 'size_bytes'],
  ...['model_sha256', 'faces', 'provenance', 'provenance_by', 'provenance_where'],
  'provenance_trust',
]

/** A table with one line for each verdict; columns as in the table of a job. */
export function csvOf(entries: HistoryEntry[]): string {
  const rows = entries.flatMap(({ created, image, provenance, verdicts }) =>
    verdicts.map((verdict): Record<string, unknown> => ({
      ...image,
      ...verdict,
      created,
      file: image.name,
      probability_fake: verdict.probability.fake.toFixed(6),
      provenance: provenance?.claim,
      provenance_by: provenance?.by,
      provenance_where: provenance?.where,
      provenance_trust: provenance?.trust,
    })),
  )
  const lines = rows.map((row) => COLUMNS.map((column) => cellOf(row[column])).join(','))
  return [COLUMNS.join(','), ...lines, ''].join('\n')
}

function cellOf(value: unknown): string {
  if (typeof value === 'number') return String(value)
  if (typeof value !== 'string') return ''
  // Spreadsheets run cells that begin like this as formulas (OWASP, "CSV Injection").
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
