import { describe, expect, test } from 'vitest'
import type { Checkpoint, RunId } from '../../src/common/model.ts'
import { advance, type ScanState, startBackfillScan, startScan } from '../../src/pipeline/checkpoint.ts'
import { evidenceOf } from '../../src/pipeline/deletion-evidence.ts'
import { int, required, text } from '../../src/schema/column.ts'
import { stream } from '../../src/schema/define.ts'
import { type RawPage, toBatch } from '../support/page.ts'
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
  deletions: { absence: 'scan' },
  columns: { yard: required(text('Where.')), id: required(int('Key.')), weight: int('Grams.') },
})

const unwritten: Checkpoint = {
  stream: 'crates',
  version: 0,
  watermark: null,
  scan: null,
  schemaHash: null,
  writer: null,
  lastSnapshotAt: null,
  completeFrom: null,
}
const options = { run: '01J' as RunId, now: at(1000), overlapMs: 0, start: null, schemaHash: 'x' }
const state = startScan(unwritten, crates, options)

const page = (records: readonly unknown[], more: Partial<RawPage> = {}): RawPage => ({
  records,
  receivedAt: at(1000),
  range: 0,
  ranges: state.scan.segments,
  resume: null,
  last: true,
  restarted: false,
  ...more,
})

const evidence = (from: ScanState, ...pages: [RawPage, ...RawPage[]]) => {
  const batch = toBatch(crates, pages)
  return evidenceOf(from, advance(from, batch), batch)
}

const crate = { yard: 'a', id: 1 }

describe('I12: what a commit may conclude', () => {
  test('I12: nothing before the scan has ended, then for all rows from before it', () => {
    expect(evidence(state, page([crate], { last: false }))).toMatchObject({ scan: state.scan.upperBound, ended: null })
    expect(evidence(state, page([crate]))).toMatchObject({ scan: state.scan.upperBound, ended: state.scan.upperBound })
  })

  test('I12: nothing from a stored scan whose first keys were not recorded', () => {
    const { keysRecorded: _, ...older } = state.scan
    const resumed = startScan({ ...unwritten, version: 1, scan: older }, crates, options)
    expect(resumed.resumed).toBe(true)
    expect(evidence(resumed, page([crate]))).toMatchObject({ scan: null, ended: null })
  })

  test('I12: nothing from a backfill', () => {
    const again = startBackfillScan(unwritten, crates, {
      ...options,
      window: { since: null, until: null },
      newestFirst: false,
    })
    expect(evidence(again, page([crate]))).toMatchObject({ scan: null, ended: null, last: false, gap: null })
  })

  test('I12: the lists that were read to the end', () => {
    const pages = [
      page([], { ended: '7', last: false }),
      page([crate], { last: false }),
      page([], { ended: '8' }),
    ] as const
    expect(evidence(state, ...pages).parts).toEqual(['7', '8'])
  })

  test.each([
    ['a value that does not fit', { ...crate, weight: 'heavy' }, 'a\u001f1', false],
    ['an id as text', { ...crate, id: '1', weight: 'heavy' }, 'a\u001f1', false],
    ['a negative id', { ...crate, id: -1, weight: 'heavy' }, 'a\u001f-1', false],
    ['no id', { yard: 'a' }, null, true],
    ['an id with leading zeros, which may be another id', { ...crate, id: '01', weight: 'heavy' }, null, true],
    ['an id in words', { ...crate, id: 'one' }, null, true],
    ['no object', 'crate', null, true],
  ])('I12: a rejected record counts as seen if its key is certain: %s', (_what, record, key, unknown) => {
    const batch = toBatch({ ...crates, onMismatch: 'reject' }, [page([record])])
    const seen = evidenceOf(state, advance(state, batch), batch)
    expect(seen).toMatchObject({ keys: key === null ? [] : [key], unknown })
  })
})
