import type { Card } from '@/api/types'

/** Of each member: its share in the mean, or its coefficient in the stack. */
export function influencesOf({ members, combination }: Card): number[] {
  if (combination?.kind === 'stacked') return combination.coefficients
  const total = members.reduce((sum, { weight }) => sum + weight, 0)
  return members.map(({ weight }) => weight / total)
}
