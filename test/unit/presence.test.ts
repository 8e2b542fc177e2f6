import { describe, expect, test } from 'vitest'
import type { Checkpoint, Page, RunId } from '../../src/common/model.ts'
import { advance, begin, beginBackfill, type Pass } from '../../src/pipeline/checkpoint.ts'
import { presenceOf } from '../../src/pipeline/deletions.ts'
import { int, required, text } from '../../src/schema/column.ts'
import { stream } from '../../src/schema/define.ts'
import { toBatch } from '../../src/transform/batch.ts'
import { at } from '../support/samples.ts'

const crates = stream({
  name: 'crates',
  singular: 'crate',
  doc: 'A stream for tests.',
  path: '/crates',
  list: 'crates',
  scopes: [],
  key: ['yard', 'id'],
  sync: { mode: 'full' },
  deletions: { absence: 'walk' },
  columns: { yard: required(text('Where.')), id: required(int('Key.')), weight: int('Grams.') },
})

const unwritten: Checkpoint = {
  stream: 'crates',
  version: 0,
  watermark: null,
  walk: null,
  shape: null,
  writer: null,
  swept: null,
}
const options = { run: '01J' as RunId, now: at(1000), overlapMs: 0, start: null, shape: 'x' }
const pass = begin(unwritten, crates, options)

const page = (records: readonly unknown[], more: Partial<Page> = {}): Page => ({
  records,
  receivedAt: at(1000),
  range: 0,
  ranges: pass.walk.segments,
  resume: null,
  last: true,
  restarted: false,
  ...more,
})

const presence = (from: Pass, ...pages: [Page, ...Page[]]) => {
  const batch = toBatch(crates, pages)
  return presenceOf(from, advance(from, batch), batch)
}

const crate = { yard: 'a', id: 1 }

describe('I12: what a commit may conclude', () => {
  test('I12: nothing before the walk has ended, then of all that was there before it', () => {
    expect(presence(pass, page([crate], { last: false }))).toMatchObject({ walk: pass.walk.ceiling, ended: null })
    expect(presence(pass, page([crate]))).toMatchObject({ walk: pass.walk.ceiling, ended: pass.walk.ceiling })
  })

  test('I12: nothing from a saved walk whose first part nobody noted down', () => {
    const { noted: _, ...older } = pass.walk
    const resumed = begin({ ...unwritten, version: 1, walk: older }, crates, options)
    expect(resumed.resumed).toBe(true)
    expect(presence(resumed, page([crate]))).toMatchObject({ walk: null, ended: null })
  })

  test('I12: nothing from a backfill', () => {
    const again = beginBackfill(unwritten, crates, {
      ...options,
      window: { since: null, until: null },
      newestFirst: false,
    })
    expect(presence(again, page([crate]))).toMatchObject({ walk: null, ended: null, last: false, gap: null })
  })

  test('I12: the lists that were read to their end', () => {
    const pages = [
      page([], { ended: '7', last: false }),
      page([crate], { last: false }),
      page([], { ended: '8' }),
    ] as const
    expect(presence(pass, ...pages).parts).toEqual(['7', '8'])
  })

  test.each([
    ['a value that does not fit', { ...crate, weight: 'heavy' }, 'a\u001f1', false],
    ['an id as text', { ...crate, id: '1', weight: 'heavy' }, 'a\u001f1', false],
    ['a negative id', { ...crate, id: -1, weight: 'heavy' }, 'a\u001f-1', false],
    ['no id', { yard: 'a' }, null, true],
    ['an id with zeros in front, which another may be', { ...crate, id: '01', weight: 'heavy' }, null, true],
    ['an id in words', { ...crate, id: 'one' }, null, true],
    ['no object', 'crate', null, true],
  ])('I12: a rejected record was seen, if its key is sure: %s', (_what, record, key, unknown) => {
    const seen = presence(pass, page([record]))
    expect(seen).toMatchObject({ keys: key === null ? [] : [key], unknown })
  })
})
