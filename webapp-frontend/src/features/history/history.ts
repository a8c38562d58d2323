import type { HistoryQuery } from '@/api/history'

/** A filter as the reader sets it; empty fields let everything through. */
export interface HistoryChoice {
  search: string
  model: string
  prediction: '' | 'Real' | 'Fake'
  verdict: '' | 'fake' | 'real' | 'uncertain' | 'out_of_scope'
  /** First and last day, `YYYY-MM-DD` in the reader's time zone. */
  from: string
  to: string
}

export function anything(): HistoryChoice {
  return { search: '', model: '', prediction: '', verdict: '', from: '', to: '' }
}

export function isFiltered(choice: HistoryChoice): boolean {
  return Object.values(toQuery(choice)).some((value) => value !== undefined)
}

/** The filter as the API takes it: the days become moments, the last day still counts. */
export function toQuery(choice: HistoryChoice): HistoryQuery {
  return {
    search: choice.search.trim() || undefined,
    model: choice.model || undefined,
    prediction: choice.prediction || undefined,
    verdict: choice.verdict || undefined,
    since: midnight(choice.from, 0),
    until: midnight(choice.to, 1),
  }
}

/** When a day of the reader's begins, or one of the days after it. */
function midnight(day: string, later: number): string | undefined {
  const [year, month, date] = day.split('-').map(Number)
  if (!year || !month || !date) return undefined
  return new Date(year, month - 1, date + later).toISOString()
}
