import fc from 'fast-check'
import { expect, test } from 'vitest'
import { advance, begin } from '../../src/checkpoint.ts'
import type { Stream } from '../../src/declare/stream.ts'
import type { Checkpoint, RunId } from '../../src/model.ts'
import { toBatch } from '../../src/transform/batch.ts'
import { type Edit, EditedApi, toSecond, unsorted } from '../support/edited-api.ts'
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

/** What the tables would hold: the version of each id that stands. */
type Warehouse = Map<string, { version: number; updatedAt: string | null }>

/**
 * Runs from the stored checkpoint until the edits are used up, dying where they say so, and then once undisturbed.
 * Checks after each commit what must hold at every moment.
 */
function history(stream: Stream, edits: readonly Edit[], pageSize: number): void {
  const api = new EditedApi(pageSize)
  const warehouse: Warehouse = new Map()
  const rest = [...edits]
  let stored: Checkpoint = { stream: stream.name, version: 0, watermark: null, shape: null, writer: null }
  for (let i = 0; i < 12; i++) api.apply({ kind: 'insert' })

  const between = (): void => {
    for (const edit of rest.splice(0, 3)) {
      if (edit.kind === 'crash') throw new Crash()
      api.apply(edit)
    }
  }
  const pass = (disturb: () => void): void => {
    const before = stored.watermark
    let at = begin(stored, stream, {
      run: '01J' as RunId,
      now: api.clock(),
      overlapMs: OVERLAP * 1000,
      start: null,
      shape: 'x',
    })
    for (const page of api.walk(stream, at.window, disturb)) {
      const batch = toBatch(stream, [page])
      const next = advance(at, batch)
      for (const { key, cursor, row } of batch.entities.values()) {
        const known = warehouse.get(key)
        const version = Number(row[2])
        if (!known || (cursor ?? '') >= (known.updatedAt ?? '')) warehouse.set(key, { version, updatedAt: cursor })
      }
      at = next
      stored = next.at
      // I3
      if (before !== null) expect((stored.watermark ?? '') >= before).toBe(true)
      // I2, for what was visible as soon as it was written.
      const complete = stored.watermark === null ? -1 : toSecond(stored.watermark)
      for (const thing of api.things)
        if (thing.updatedAt <= complete && thing.visibleAt === thing.updatedAt)
          expect(warehouse.get(String(thing.id))?.version, `thing ${thing.id} at ${thing.updatedAt}`).toBe(
            thing.version,
          )
    }
  }

  while (rest.length > 0) {
    try {
      pass(between)
    } catch (error) {
      if (!(error instanceof Crash)) throw error
    }
    betweenRuns(api, rest)
  }
  api.now += LATEST
  pass(() => {})
  for (const thing of api.visible())
    expect(warehouse.get(String(thing.id))?.version, `thing ${thing.id} at the end`).toBe(thing.version)
}

function betweenRuns(api: EditedApi, rest: Edit[]): void {
  for (const edit of rest.splice(0, 2)) api.apply(edit)
}

test.each([
  ['sorted', parcels],
  ['unsorted', unsorted],
] as const)('I2, I3: an API edited while it is walked, dying at any page: nothing is lost (%s)', (_name, stream) => {
  fc.assert(
    fc.property(edits, fc.integer({ min: 1, max: 5 }), (list, pageSize) => history(stream, list, pageSize)),
    { numRuns: 2000 },
  )
})
