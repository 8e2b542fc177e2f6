import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Checkpoint, RunId } from '../../src/common/model.ts'
import { advance, isComplete, type ScanState, startScan } from '../../src/pipeline/checkpoint.ts'
import type { Stream } from '../../src/schema/stream.ts'
import { rowsOf } from '../support/cells.ts'
import { type Edit, EditedApi, ModelReaders, toSecond, unsorted } from '../support/edited-api.ts'
import { type RawPage, toBatch } from '../support/page.ts'
import { rounds } from '../support/rounds.ts'
import { parcels } from '../support/samples.ts'

const LATEST = 5
/** Seconds; longer than a record may take to become visible. */
const OVERLAP = 8

const edits = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('edit' as const), which: fc.nat(40) }) },
    { weight: 3, arbitrary: fc.constant({ kind: 'insert' as const }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('late' as const), after: fc.integer({ min: 1, max: LATEST }) }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('tick' as const), seconds: fc.integer({ min: 1, max: 4 }) }),
    },
    { weight: 2, arbitrary: fc.constant({ kind: 'crash' as const }) },
  ),
  { minLength: 10, maxLength: 120 },
)

class Crash extends Error {}

/** The rows that the tables would have: the version of each id. */
type Warehouse = Map<string, { version: number; updatedAt: string | null }>

/**
 * Runs scans from the stored checkpoint until the edits are used up, dies where they say so, and then runs once undisturbed.
 * Checks the invariants after each commit.
 */
function history(stream: Stream, edits: readonly Edit[], pageSize: number, choices: readonly number[]): void {
  const api = new EditedApi(pageSize)
  const warehouse: Warehouse = new Map()
  const rest = [...edits]
  let chosen = 0
  const choose = (): number => choices[chosen++ % choices.length] ?? 0
  let stored: Checkpoint = {
    stream: stream.name,
    version: 0,
    watermark: null,
    scan: null,
    schemaHash: null,
    writer: null,
    lastSnapshotAt: null,
    completeFrom: null,
  }
  for (let i = 0; i < 12; i++) {
    api.apply({ kind: 'insert' })
    if (i % 2 === 0) api.apply({ kind: 'tick', seconds: 1 + (i % 3) })
  }

  const between = (): void => {
    for (const edit of rest.splice(0, 3)) {
      if (edit.kind === 'crash') throw new Crash()
      api.apply(edit)
    }
  }

  const commit = (at: ScanState, pages: readonly [RawPage, ...RawPage[]]): ScanState => {
    const before = stored.watermark
    const batch = toBatch(stream, pages)
    const next = advance(at, batch)
    for (const record of batch.records.values()) {
      const { key, cursor } = record
      const known = warehouse.get(key)
      if (!known || (cursor ?? '') >= (known.updatedAt ?? ''))
        warehouse.set(key, { version: Number(rowsOf(record, stream).row[2]), updatedAt: cursor })
    }
    // The database stores the scan as JSON.
    stored = JSON.parse(JSON.stringify(next.checkpoint)) as Checkpoint
    // I3. Disorder may set the watermark back to where it was at the start of the scan, and no further.
    if (before !== null && at.baseWatermark !== null) expect((stored.watermark ?? '') >= at.baseWatermark).toBe(true)
    // I2, for records that were visible as soon as they were written.
    const complete = stored.watermark === null ? -1 : toSecond(stored.watermark)
    for (const thing of api.things)
      if (thing.updatedAt <= complete && thing.visibleAt === thing.updatedAt)
        expect(warehouse.get(String(thing.id))?.version, `thing ${thing.id} at ${thing.updatedAt}`).toBe(thing.version)
    return next
  }

  const run = (disturb: () => void): void => {
    const options = { run: '01J' as RunId, now: api.clock(), overlapMs: OVERLAP * 1000, start: null, schemaHash: 'x' }
    let at = startScan(stored, stream, options)
    const readers = new ModelReaders(api, stream, at.scan, choose() % 3 > 0)
    let read: RawPage[] = []
    while (readers.unfinished > 0) {
      if (choose() % 3 === 0) readers.cut(choose())
      read.push(readers.read(choose(), choose() % 5 === 0))
      disturb()
      const [first, ...more] = read
      // A crash loses pages that were read and not committed.
      if (first && (choose() % 2 === 0 || readers.unfinished === 0)) {
        at = commit(at, [first, ...more])
        read = []
        disturb()
      }
    }
    expect(isComplete(at)).toBe(true)
  }

  while (rest.length > 0) {
    try {
      run(between)
    } catch (error) {
      if (!(error instanceof Crash)) throw error
    }
    for (const edit of rest.splice(0, 2)) api.apply(edit)
  }
  api.now += LATEST
  // The first run resumes an interrupted scan; the second one reads what was written meanwhile.
  run(() => {})
  run(() => {})
  for (const thing of api.visible())
    expect(warehouse.get(String(thing.id))?.version, `thing ${thing.id} at the end`).toBe(thing.version)
}

test.each([
  ['sorted, in segments', parcels],
  ['unsorted', unsorted],
] as const)('I2, I3: an API edited while it is scanned, dying at any moment: nothing is lost (%s)', (_name, stream) => {
  fc.assert(
    fc.property(
      edits,
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.nat(100), { minLength: 30, maxLength: 60 }),
      (list, pageSize, choices) => history(stream, list, pageSize, choices),
    ),
    { numRuns: rounds(500, 2000) },
  )
})
