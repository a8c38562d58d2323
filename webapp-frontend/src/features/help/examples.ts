/** What an example shows, and in which languages. */
export const EXAMPLES = ['predict', 'compare', 'batch'] as const
export const LANGUAGES = { sh: 'curl', py: 'Python' } as const
export type Example = (typeof EXAMPLES)[number]
export type Language = keyof typeof LANGUAGES

const FILES = import.meta.glob<string>('./examples/*', {
  eager: true,
  import: 'default',
  query: '?raw',
})
/** The address of the service in the files. */
const ADDRESS = 'http://localhost:8000'

/** An example for the service at this address. */
export function exampleText(example: Example, language: Language, origin: string): string {
  const text = FILES[`./examples/${example}.${language}`] ?? ''
  return text.trimEnd().replaceAll(ADDRESS, origin)
}
