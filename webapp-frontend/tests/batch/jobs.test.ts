import { expect, it } from 'vitest'
import {
  isActive,
  quarters,
  secondsTaken,
  shareDone,
  talliesOf,
  filterResults,
  orderBy,
  type ResultFilter,
  sortResults,
} from '@/features/batch/jobs'
import { job, jobPicture } from '../samples'

const results = [
  jobPicture('a.jpg', { v1: 'fake', v2: 'real' }),
  jobPicture('b.jpg', { v1: 'fake', v2: 'uncertain' }),
  jobPicture('broken.jpg', {}),
  jobPicture('c.jpg', { v1: 'real', v2: 'real' }),
  jobPicture('cartoon.png', { v1: 'real', v2: 'out_of_scope' }),
]

it('counts the verdicts of each model', () => {
  const [v1, v2, v3] = talliesOf(['v1', 'v2', 'v3'], results)
  expect(v1).toMatchObject({ judged: 4, counts: { fake: 2, real: 2, uncertain: 0, out_of_scope: 0 } })
  expect(v2).toMatchObject({ judged: 4, counts: { fake: 0, real: 2, uncertain: 1, out_of_scope: 1 } })
  expect(v3).toMatchObject({ model: 'v3', judged: 0 })
})

it('finds the files that some model calls fake, those it leaves open, and those without a verdict', () => {
  const files = (filter: ResultFilter) =>
    filterResults(results, filter).map(({ file }) => file)
  expect(files('all')).toHaveLength(5)
  expect(files('fake')).toEqual(['a.jpg', 'b.jpg'])
  expect(files('open')).toEqual(['b.jpg', 'cartoon.png'])
  expect(files('none')).toEqual(['broken.jpg'])
})

it('finds verdicts that are not the class of the folder', () => {
  const labelled = [
    { ...jobPicture('Fake/a', { v1: 'fake', v2: 'real' }), label: 'Fake' as const },
    { ...jobPicture('Fake/b', { v1: 'fake', v2: 'uncertain' }), label: 'Fake' as const },
    { ...jobPicture('Real/c', { v1: 'fake' }), label: 'Real' as const },
    jobPicture('other/d', { v1: 'fake', v2: 'real' }),
  ]
  expect(filterResults(labelled, 'wrong').map(({ file }) => file)).toEqual(['Fake/a', 'Real/c'])
})

it('finds files by a part of their name, in any case', () => {
  expect(filterResults(results, 'all', ' CAR').map(({ file }) => file)).toEqual(['cartoon.png'])
  expect(filterResults(results, 'fake', 'car')).toEqual([])
})

it('sorts by name as people count, and by the score of a model with the unscored last', () => {
  const scored = (file: string, fake: number | null) => {
    const sample = jobPicture(file, { v1: fake === null ? 'out_of_scope' : 'fake' })
    const verdicts = sample.verdicts.map((one) => ({ ...one, probability: { fake: fake ?? 1, real: 0 } }))
    return { ...sample, verdicts }
  }
  const mixed = [scored('10.jpg', 0.2), jobPicture('9.jpg', {}), scored('2.jpg', 0.9), scored('1.jpg', null)]
  const files = (order: string) => sortResults(mixed, order).map(({ file }) => file)
  expect(files('')).toEqual(['10.jpg', '9.jpg', '2.jpg', '1.jpg'])
  expect(files('file')).toEqual(['1.jpg', '2.jpg', '9.jpg', '10.jpg'])
  expect(files('-file')).toEqual(['10.jpg', '9.jpg', '2.jpg', '1.jpg'])
  expect(files(orderBy('v1'))).toEqual(['10.jpg', '2.jpg', '9.jpg', '1.jpg'])
  expect(files(`-${orderBy('v1')}`)).toEqual(['2.jpg', '10.jpg', '9.jpg', '1.jpg'])
  expect(files(orderBy('v9'))).toEqual(files(''))
})

it('says how far a job is', () => {
  expect(['waiting', 'running', 'finished', 'failed', 'cancelled'].map((state) =>
    isActive(job({ state: state as 'waiting' })),
  )).toEqual([true, true, false, false, false])
  expect(shareDone({ done: 3, total: 4 })).toBe(0.75)
  expect(shareDone({ done: 0, total: 0 })).toBe(0)
  expect([0, 0.2499, 0.25, 0.74, 0.999, 1].map(quarters)).toEqual([0, 0, 0.25, 0.5, 0.75, 1])
})

it('says how long a job took, once it has ended', () => {
  const started = '2026-11-21T12:00:00Z'
  expect(secondsTaken({ started, finished: '2026-11-21T12:01:30Z' })).toBe(90)
  expect(secondsTaken({ started, finished: null })).toBeNull()
  expect(secondsTaken({ started: null, finished: started })).toBeNull()
})
