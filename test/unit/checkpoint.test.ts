import { describe, expect, test } from 'vitest'
import { fromMillis, toMillis } from '../../src/common/instant.ts'
import type { Checkpoint, Instant, RunId } from '../../src/common/model.ts'
import {
  advance,
  isComplete,
  type ScanState,
  type StartScanOptions,
  startBackfillScan,
  startScan,
} from '../../src/pipeline/checkpoint.ts'
import { instant, int, required } from '../../src/schema/column.ts'
import { stream } from '../../src/schema/define.ts'
import type { Stream } from '../../src/schema/stream.ts'
import { unsorted } from '../support/edited-api.ts'
import { type RawPage, toBatch } from '../support/page.ts'
import { at, parcel, parcels } from '../support/samples.ts'

const unwritten: Checkpoint = {
  stream: 's',
  version: 0,
  watermark: null,
  scan: null,
  schemaHash: null,
  writer: null,
  lastSnapshotAt: null,
  completeFrom: null,
}
const options: StartScanOptions = {
  run: '01J' as RunId,
  now: at(1000),
  overlapMs: 100_000,
  start: null,
  schemaHash: 'x',
}

const page = (state: ScanState, seconds: readonly number[], more: Partial<RawPage> = {}): RawPage => ({
  records: seconds.map((second, i) => parcel(second * 1000 + i, second)),
  receivedAt: at(1000),
  range: 0,
  ranges: state.scan.segments,
  resume: 'cursor',
  last: false,
  restarted: false,
  ...more,
})

const read = (state: ScanState, of: Stream, ...pages: [RawPage, ...RawPage[]]): ScanState =>
  advance(state, toBatch(of, pages))

const secondsOf = (instant: Instant | null): number | null =>
  instant === null ? null : (toMillis(instant) - toMillis(at(0))) / 1000

describe('during a scan', () => {
  test('a sorted stream advances to just before the first record of the newest page', () => {
    const state = startScan(unwritten, parcels, options)
    const next = read(state, parcels, page(state, [10, 20]), page(state, [20, 30]))
    expect(next.checkpoint.watermark).toBe('2026-01-01T00:00:19.999999Z')
  })

  test('I2, K1/4: a page with a record that has no cursor does not move the watermark', () => {
    const state = startScan(unwritten, parcels, options)
    const undated = { ...page(state, [30]), records: [...page(state, [30]).records, { id: 7, updated_at: null }] }
    const after = read(state, parcels, page(state, [10, 20]), undated)
    expect(after.checkpoint.watermark).toBe('2026-01-01T00:00:09.999999Z')
    expect(after.scan.segments).toMatchObject([{ ordered: true }])
    const next = read(after, parcels, page(state, [40]))
    expect(next.checkpoint.watermark).toBe('2026-01-01T00:00:39.999999Z')
  })

  test('I2: a record at the end of a page that was edited while the page was made does not raise the watermark', () => {
    const state = startScan(unwritten, parcels, options)
    const next = read(state, parcels, page(state, [10, 20, 999]))
    expect(next.checkpoint.watermark).toBe('2026-01-01T00:00:09.999999Z')
    expect(secondsOf(read(next, parcels, page(next, [30, 40])).checkpoint.watermark)).toBe(null)
  })

  test('the watermark never passes the start of the scan: later changes belong to the next scan', () => {
    const state = startScan(unwritten, parcels, options)
    expect(read(state, parcels, page(state, [5000, 6000])).checkpoint.watermark).toBe('2026-01-01T00:16:39.999999Z')
  })

  test('the watermark of an unsorted stream stays until the end', () => {
    const state = startScan(unwritten, unsorted, options)
    const middle = read(state, unsorted, page(state, [10, 20]))
    expect(middle.checkpoint.watermark).toBeNull()
    expect(isComplete(middle)).toBe(false)
    const end = read(middle, unsorted, page(middle, [5], { last: true }))
    expect(secondsOf(end.checkpoint.watermark)).toBeCloseTo(1000, 2)
    expect(isComplete(end)).toBe(true)
  })

  test.each([
    [
      'within a page',
      [
        [10, 20],
        [40, 30],
      ],
    ],
    [
      'from one page to the next',
      [
        [10, 20],
        [15, 40],
      ],
    ],
  ])(
    'I3: disorder %s sets the watermark of a sorted stream back to its start until the scan ends',
    (_where, [one = [], two = []]) => {
      const from = { ...unwritten, version: 3, watermark: at(5) }
      const state = startScan(from, parcels, options)
      const first = read(state, parcels, page(state, one))
      expect(secondsOf(first.checkpoint.watermark)).toBeCloseTo(10, 2)
      const second = read(first, parcels, page(first, two))
      expect(second.checkpoint.watermark).toBe(at(5))
      const third = read(second, parcels, page(second, [50]))
      expect(third.checkpoint.watermark).toBe(at(5))
      expect(secondsOf(read(third, parcels, page(third, [60], { last: true })).checkpoint.watermark)).toBeCloseTo(
        1000,
        2,
      )
    },
  )

  test('a later segment does not raise the watermark before the earlier ones are done', () => {
    const state = startScan(unwritten, parcels, options)
    const ranges = [
      { id: 0, since: null, until: at(500) },
      { id: 1, since: at(500), until: null },
    ]
    const first = read(state, parcels, page(state, [10, 20], { ranges }))
    const second = read(first, parcels, page(first, [600, 700], { ranges, range: 1 }))
    expect(secondsOf(second.checkpoint.watermark)).toBeCloseTo(10, 2)
    const third = read(second, parcels, page(second, [400], { ranges, last: true }))
    expect(secondsOf(third.checkpoint.watermark)).toBeCloseTo(600, 2)
    expect(third.checkpoint.scan?.segments.map(({ id, done }) => [id, done])).toEqual([
      [0, true],
      [1, false],
    ])
  })

  test('neighbouring done segments are kept as one', () => {
    const state = startScan(unwritten, parcels, options)
    const ranges = [0, 1, 2, 3].map(id => ({ id, since: at(id * 100), until: id === 3 ? null : at(id * 100 + 100) }))
    let next = state
    for (const range of [1, 2])
      next = read(
        next,
        parcels,
        page(next, [range * 100], { ranges: ranges.slice(range === 2 ? 2 : 0), range, last: true }),
      )
    expect(next.checkpoint.scan?.segments.map(s => [s.id, s.until, s.done])).toEqual([
      [0, at(100), false],
      [1, at(300), true],
      [3, null, false],
    ])
  })
})

describe('where a scan starts', () => {
  test('a lookback before the watermark', () => {
    const state = startScan({ ...unwritten, version: 1, watermark: at(900) }, parcels, options)
    expect(state.scan.window).toEqual({ since: at(800), until: null })
  })

  test('an interrupted scan resumes, with the upper bound it had', () => {
    const state = startScan(unwritten, parcels, options)
    const { checkpoint: stored } = read(state, parcels, page(state, [10, 20]))
    const resumed = startScan(stored, parcels, { ...options, now: at(9000) })
    expect(resumed).toMatchObject({ resumed: true, scan: { upperBound: state.scan.upperBound } })
    expect(resumed.scan.segments).toMatchObject([{ at: at(10), highest: at(20), resume: 'cursor', done: false }])
  })

  const week = stream({
    name: 'news',
    singular: 'new',
    doc: 'A stream for tests.',
    path: '/news',
    list: 'news',
    scopes: [],
    key: 'id',
    sync: {
      mode: 'incremental',
      cursor: 'created_at',
      since: 'created_at_min',
      until: 'created_at_max',
      sorted: false,
    },
    retention: { days: 7, by: 'created_at', refuses: true },
    columns: { id: required(int('Key.')), created_at: instant('Cursor.') },
  })
  const DAY = 86_400

  test('a first run starts at the end of the retention and has no gap', () => {
    const state = startScan(unwritten, week, { ...options, now: at(30 * DAY) })
    expect(state.scan.window.since).toBe(at(23 * DAY + 300))
    expect(state.gap).toBeNull()
  })

  test('a pause longer than the retention leaves a gap with its start and end', () => {
    const from = { ...unwritten, version: 1, watermark: at(9 * DAY) }
    const state = startScan(from, week, { ...options, now: at(30 * DAY) })
    expect(state.gap).toEqual({ from: at(9 * DAY), to: at(23 * DAY + 300) })
  })

  test('a scan whose start the source no longer serves is not resumed, since the API would refuse it', () => {
    const first = startScan(unwritten, week, { ...options, now: at(30 * DAY) })
    const stored = { ...unwritten, version: 1, scan: first.scan }
    expect(startScan(stored, week, { ...options, now: at(30 * DAY + 60) }).resumed).toBe(false)
    expect(startScan({ ...stored, stream: 'x' }, parcels, options).resumed).toBe(true)
  })
})

describe('a backfill', () => {
  const range = { run: '01J' as RunId, now: at(1000), schemaHash: 'x', newestFirst: false }

  test('does not move the watermark, even at its end', () => {
    const state = startBackfillScan(unwritten, parcels, { ...range, window: { since: at(0), until: at(500) } })
    const middle = read(state, parcels, page(state, [10, 20]))
    const end = read(middle, parcels, page(middle, [30], { last: true }))
    expect([middle.checkpoint.watermark, end.checkpoint.watermark, end.checkpoint.scan]).toEqual([null, null, null])
  })

  test('resumes with the same range and starts again with another', () => {
    const window = { since: at(0), until: at(500) }
    const state = startBackfillScan(unwritten, parcels, { ...range, window })
    const stored = read(state, parcels, page(state, [10])).checkpoint
    expect(startBackfillScan(stored, parcels, { ...range, window }).resumed).toBe(true)
    expect(startBackfillScan(stored, parcels, { ...range, window: { ...window, until: at(600) } }).resumed).toBe(false)
  })

  test('newest first: segments that cover the range without a hole', () => {
    const window = { since: at(0), until: at(600) }
    const { scan } = startBackfillScan(unwritten, parcels, { ...range, window, newestFirst: true })
    expect(scan.segments.length).toBe(12)
    expect(scan.segments[0]?.since).toBe(at(0))
    expect(scan.segments.at(-1)?.until).toBe(at(600))
    for (const [i, segment] of scan.segments.slice(1).entries()) expect(segment.since).toBe(scan.segments[i]?.until)
    expect(scan.segments.map(s => s.since)).toContain(fromMillis(toMillis(at(300))))
  })
})
