/** One line of a list of facts. */
export interface Fact {
  label: string
  value: string | string[]
  /** The full value behind a shortened one, to be copied. */
  copy?: string
}
