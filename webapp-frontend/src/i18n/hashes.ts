/** The first characters of a hash: enough to tell two files apart by eye. */
export function shortHash(hash: string): string {
  return hash.slice(0, 12)
}
