import { describe, expect, test } from 'vitest'
import type { Committed, Scan } from '../../src/common/model.ts'
import { parseCheckpoint, parseCounts, stringifyCommitted, stringifyScan } from '../../src/load/sql/stored-values.ts'

/** As commit 5973f51 wrote it. An older program that runs again has to be able to read it. */
describe('what an earlier version stored is written again under the same names', () => {
  const segment = {
    id: 3,
    since: '2025-08-16T06:03:06.000000Z',
    until: '2026-01-17T00:02:04.000000Z',
    at: '2025-08-16T12:11:33.000000Z',
    highest: '2025-11-09T12:15:42.000000Z',
    resume: 'eyJ9',
    ordered: true,
    done: false,
  }
  const scan = { window: { since: null, until: null }, ceiling: '2026-11-20T11:59:59.999999Z', segments: [segment] }

  const row = { version: '1', watermark: null, shape: null, writer: null, swept: null }

  test.each([[{ ...scan, noted: true }], [scan]])('a scan: %o', stored => {
    expect(
      JSON.parse(stringifyScan(parseCheckpoint({ ...row, walk: JSON.stringify(stored) }, 'customers').scan as Scan)),
    ).toEqual(stored)
  })

  const counts = { added: 1, changed: 2, unchanged: 3, older: 6, deleted: 4, rejected: 5 }

  test.each([[counts], [{ ...counts, withheld: { why: 'few_seen', rows: 6 } }]])('counts: %o', stored => {
    expect(
      JSON.parse(stringifyCommitted(parseCounts({ counts: JSON.stringify(stored) }, 'customers') as Committed)),
    ).toEqual(stored)
  })
})
