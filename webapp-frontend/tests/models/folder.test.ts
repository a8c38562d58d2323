import { expect, it } from 'vitest'
import type { FolderFile } from '@/api/types'
import { fileRows } from '@/features/models/models'
import { model } from '../samples'

const file = (name: string, role: FolderFile['role'], changes: Partial<FolderFile> = {}) => ({
  name,
  role,
  ...changes,
})

it('says of every file what became of it', () => {
  const files = [
    file('a.keras', 'model', { model: 'a' }),
    file('a.json', 'card', { model: 'a' }),
    file('b.h5', 'model', { model: 'b' }),
    file('c.keras', 'model', { model: 'c' }),
    file('d.keras', 'model', { model: 'd' }),
    file('e.pt', 'other', { problem: 'It is a PyTorch file.' }),
    file('notes.txt', 'other'),
    file('new.keras', 'model', { model: 'new' }),
  ]
  const models = [
    model('a', { file: 'a.keras' }),
    model('b', { file: 'b.h5', assumptions: ['1 means Fake'] }),
    model('c', { file: 'c.keras', state: 'broken', problem: 'It cannot be read.' }),
    model('d', { file: 'd.keras', state: 'loading', problem: 'It is being prepared.' }),
  ]
  const rows = fileRows(files, models)
  expect(rows.map(({ state }) => state)).toEqual([
    'ready',
    'beside',
    'assumed',
    'broken',
    'loading',
    'broken',
    'ignored',
    'loading',
  ])
  expect(rows[3]?.problem).toBe('It cannot be read.')
  expect(rows[2]?.assumptions).toEqual(['1 means Fake'])
})
