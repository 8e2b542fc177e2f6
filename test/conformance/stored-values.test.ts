import { describe, expect, test } from 'vitest'
import type { DeletionEvidence, RunId, Scan } from '../../src/common/model.ts'
import type { Warehouse } from '../../src/load/destination.ts'
import { openDestination } from '../../src/load/open.ts'
import type { Reconciliation } from '../../src/load/reconciliation.ts'
import type { Stream } from '../../src/schema/stream.ts'
import { allTables } from '../../src/schema/table.ts'
import { DESTINATIONS, type DestinationConfig } from '../support/destinations.ts'
import { withQuery } from '../support/dump.ts'
import { runReport } from '../support/run-report.ts'
import { at, batchOf, moved, parcel, parcels } from '../support/samples.ts'

const stream: Stream = { ...parcels, deletions: { absence: 'scan' }, onMismatch: 'reject' }
const allParcels = allTables(stream)
const checkpoints = (set: string) => `update recharge._sync_checkpoints set ${set} where stream = 'parcels'`
const setting = (name: string, value: string) =>
  `update recharge._sync_settings set value = '${value}' where name = '${name}'`
/** No column of `parcels` has a policy, so there is no such row yet. */
const policies = (value: string) => `insert into recharge._sync_settings (name, value) values ('policies', '${value}')`

const segment = { id: 0, since: null, until: null, at: at(3), highest: at(3), resume: null, ordered: true, done: false }
const scan: Scan = {
  window: { since: null, until: null },
  upperBound: at(5),
  segments: [segment],
  keysRecorded: true,
}
const evidence: DeletionEvidence = {
  scan: at(1),
  first: false,
  keys: ['1'],
  unknown: false,
  parts: [],
  ended: null,
  last: false,
  gap: { from: at(10), to: at(20) },
}
const reconciliation: Reconciliation = {
  run: '01J' as RunId,
  stream: 'parcels',
  reconciled_at: at(9),
  method: 'records',
  bucket: 'all',
  source_count: 1,
  warehouse_count: 1,
  agrees: true,
  missing: [],
  changed: [],
  gone: [],
  repaired: 0,
}

/** A warehouse with a value in every place that a later run parses. */
async function fill(config: DestinationConfig): Promise<void> {
  await using warehouse = await openDestination(config, { mode: 'write', connections: 1 })
  await warehouse.prepare(allParcels)
  const from = await warehouse.checkpoint('parcels')
  const batch = batchOf(stream, [parcel(1, 1), parcel(2, 2), parcel(4, 4), parcel(3, 3, { price: 'cheap' })])
  await warehouse.commit(
    batch,
    from,
    { ...moved(from, at(5)), scan, lastSnapshotAt: at(4), completeFrom: at(3) },
    evidence,
  )
  await warehouse.record(runReport('parcels'))
  const column = { table: 'parcels', column: 'color', path: 'color', kind: 'text' } as const
  await warehouse.keepInferredColumns('parcels', [column], '01J' as RunId, at(9))
  await warehouse.keepReconciliations([
    { ...reconciliation, run: '01H' as RunId, reconciled_at: at(8), gone: ['9'] },
    reconciliation,
    { ...reconciliation, run: '01K' as RunId, method: 'count', reconciled_at: at(10), missing: ['9'] },
  ])
}

const statuses = (warehouse: Warehouse) => warehouse.streamStatuses([stream])

/** A scan that ends having seen one row, which is too few, after an earlier scan that also saw too few. */
async function endScan(warehouse: Warehouse): Promise<unknown> {
  const from = await warehouse.checkpoint('parcels')
  const saw = { ...evidence, scan: at(2_000_000), keys: ['2'], ended: at(2_000_000), gap: null }
  return warehouse.commit({ ...batchOf(stream, []), receivedAt: at(2_000_001) }, from, moved(from), saw)
}

const kept = (warehouse: Warehouse) => warehouse.rejects('parcels')
const commitAgain = async (warehouse: Warehouse): Promise<unknown> => {
  const from = await warehouse.checkpoint('parcels')
  return warehouse.commit(batchOf(stream, [parcel(5, 5)]), from, moved(from))
}

interface Damage {
  readonly what: string
  /** A statement that damages one stored value. */
  readonly damage: string
  readonly read: (warehouse: Warehouse) => Promise<unknown>
  /** Names the stream or the setting, and the value. */
  readonly message: RegExp
  readonly next: RegExp
  /** What `next` says to do, as a statement; null: `reset`. */
  readonly repair: string | null
}

const checkpoint = {
  read: (warehouse: Warehouse) => warehouse.checkpoint('parcels'),
  next: /reset parcels/,
  repair: null,
}
const rejects = 'delete from recharge._sync_rejects'

const DAMAGES: readonly Damage[] = [
  {
    what: 'a scan without an upper bound',
    damage: checkpoints(`walk = '{"window":{"since":null,"until":null},"segments":[]}'`),
    message: /^parcels: the row of _sync_checkpoints, walk\.ceiling cannot be read/,
    ...checkpoint,
  },
  {
    what: 'a segment of a scan whose time is not one',
    damage: checkpoints(
      `walk = '${JSON.stringify({ window: scan.window, ceiling: at(5), segments: [{ ...segment, at: 'noon' }] })}'`,
    ),
    message: /walk\.segments\.0\.at cannot be read: "noon" is not a point in time/,
    ...checkpoint,
  },
  {
    what: 'a watermark without end',
    damage: checkpoints(`watermark = 'infinity'`),
    message: /^parcels: the row of _sync_checkpoints, watermark cannot be read: "infinity"/,
    ...checkpoint,
  },
  {
    what: 'the time of a list snapshot without end',
    damage: checkpoints(`swept = 'infinity'`),
    message: /^parcels: the row of _sync_checkpoints, swept cannot be read/,
    ...checkpoint,
  },
  {
    what: 'a start of the promise without end',
    damage: checkpoints(`complete_from = '-infinity'`),
    message: /^parcels: the row of _sync_checkpoints, complete_from cannot be read/,
    ...checkpoint,
  },
  {
    what: 'a start of the promise without end, read alone',
    damage: checkpoints(`complete_from = '-infinity'`),
    message: /^parcels: the row of _sync_checkpoints, complete_from cannot be read/,
    ...checkpoint,
    read: warehouse => warehouse.completeFrom('parcels'),
  },
  {
    what: 'a negative version',
    damage: checkpoints('version = -1'),
    message: /^parcels: the row of _sync_checkpoints, version cannot be read/,
    ...checkpoint,
  },
  {
    what: 'counts that are no numbers',
    damage: checkpoints(`counts = '{"added":"many","changed":0,"unchanged":0,"deleted":0,"rejected":0}'`),
    message: /^parcels: the row of _sync_checkpoints, counts\.added cannot be read/,
    ...checkpoint,
    read: warehouse => warehouse.lastCounts('parcels'),
  },
  {
    what: 'a report that is a list',
    damage: checkpoints(`report = '[]'`),
    message: /^parcels: the row of _sync_checkpoints, report cannot be read/,
    ...checkpoint,
    read: statuses,
  },
  {
    what: 'policies that are not JSON',
    damage: policies('{'),
    read: warehouse => warehouse.prepare(allParcels),
    message: /^the setting policies in _sync_settings cannot be read: it is not JSON/,
    next: /Delete the row "policies"/,
    repair: `delete from recharge._sync_settings where name = 'policies'`,
  },
  {
    what: 'an unknown policy',
    damage: policies('{"parcels.label":"encrypt"}'),
    read: warehouse => warehouse.plan(allParcels),
    message: /^the setting policies in _sync_settings, parcels\.label cannot be read/,
    next: /Delete the row "policies"/,
    repair: `delete from recharge._sync_settings where name = 'policies'`,
  },
  {
    what: 'a salt that lost its end',
    damage: `update recharge._sync_settings set value = substr(value, 1, 60) where name = 'salt'`,
    read: warehouse => warehouse.loadSalt(),
    message: /^the setting salt in _sync_settings cannot be read: it is not 32 bytes in hex$/,
    next: /Put the salt back from a backup/,
    repair: setting('salt', 'ab'.repeat(32)),
  },
  {
    what: 'an unknown kind of an inferred column',
    damage: `update recharge._sync_columns set kind = 'number'`,
    read: warehouse => warehouse.inferredColumns('parcels'),
    message: /^parcels: the row of _sync_columns for parcels\.color, kind cannot be read/,
    next: /Set its kind to what the column holds: int, money, .*json/,
    repair: `update recharge._sync_columns set kind = 'text'`,
  },
  {
    what: 'a gap without end',
    damage: `update recharge._sync_gaps set "to" = 'infinity'`,
    read: statuses,
    message: /^parcels: a row of _sync_gaps, to cannot be read/,
    next: /delete the row/,
    repair: 'delete from recharge._sync_gaps',
  },
  {
    what: 'a reject seen at no time',
    damage: `update recharge._sync_rejects set seen_at = 'infinity'`,
    read: kept,
    message: /^parcels: the row of _sync_rejects with the fingerprint [0-9a-f]{64}, seen cannot be read/,
    next: /delete the row/,
    repair: rejects,
  },
  {
    what: 'a reject from an unknown source',
    damage: `update recharge._sync_rejects set source = 'elsewhere'`,
    read: kept,
    message: /^parcels: the row of _sync_rejects with the fingerprint [0-9a-f]{64}, source cannot be read/,
    next: /delete the row/,
    repair: rejects,
  },
  {
    what: 'a reject that changed at no time, during a commit',
    damage: `update recharge._sync_rejects set changed_at = 'infinity'`,
    read: commitAgain,
    message: /^parcels: the row of _sync_rejects with the fingerprint [0-9a-f]{64}, changed_at cannot be read/,
    next: /delete the row/,
    repair: rejects,
  },
  {
    what: 'a reconciliation at no time',
    damage: `update recharge._sync_reconciliations set reconciled_at = 'infinity'`,
    read: statuses,
    message: /^parcels: the newest row of _sync_reconciliations, reconciled_at cannot be read/,
    next: /reconcile --streams parcels/,
    repair: `delete from recharge._sync_reconciliations where stream = 'parcels'`,
  },
  {
    what: 'a suspect scan without a time',
    damage: `insert into recharge._sync_seen (stream, walk, what, key) values ('parcels', 'long ago', 'doubt', '')`,
    read: endScan,
    message: /^parcels: walk in _sync_seen cannot be read: "long ago"/,
    next: /reset parcels/,
    repair: null,
  },
  {
    what: 'a row changed at no time',
    damage: `update recharge.parcels set updated_at = 'infinity' where id = 1`,
    read: warehouse => warehouse.existingRows(stream, ['1']),
    message: /^updated_at in the row of parcels with the key 1 cannot be read/,
    next: /reconcile --repair/,
    repair: `update recharge.parcels set updated_at = '2026-01-01' where id = 1`,
  },
  {
    what: 'a row deleted at no time',
    damage: `update recharge.parcels set _deleted_at = 'infinity' where id = 1`,
    read: warehouse => warehouse.writtenSince(stream, new Map([['1', at(1)]])),
    message: /^_deleted_at in the row of parcels with the key 1 cannot be read/,
    next: /reconcile --repair/,
    repair: `update recharge.parcels set _deleted_at = null where id = 1`,
  },
]

describe.each(DESTINATIONS)('$name', database => {
  const open = (config: DestinationConfig) => openDestination(config, { mode: 'write', connections: 1 })

  test('every stored value is read back as it was written', async () => {
    await database.with(async config => {
      await fill(config)
      await using warehouse = await open(config)
      expect(await warehouse.checkpoint('parcels')).toMatchObject({
        version: 1,
        watermark: at(5),
        scan,
        lastSnapshotAt: at(4),
        completeFrom: at(3),
      })
      expect(await warehouse.completeFrom('parcels')).toBe(at(3))
      expect(await warehouse.lastCounts('parcels')).toEqual({
        added: 3,
        changed: 0,
        unchanged: 0,
        older: 0,
        deleted: 0,
        rejected: 1,
      })
      const { run, finished_at, streams } = runReport('parcels')
      const unknown = { ...stream, name: 'others' }
      expect(await warehouse.streamStatuses([stream, unknown])).toEqual(
        new Map([
          [
            'parcels',
            {
              watermark: at(5),
              completeFrom: at(3),
              checkpoint: await warehouse.checkpoint('parcels'),
              rows: 3,
              deleted: 0,
              missing: [],
              lastRun: { ...streams[0], run, finished_at },
              reconciled: { at: at(9), agreed: true },
              gaps: [{ from: at(10), to: at(20), found_at: expect.any(String), run: expect.any(String) }],
              imported: null,
            },
          ],
          [
            'others',
            {
              watermark: null,
              completeFrom: null,
              checkpoint: null,
              rows: null,
              deleted: null,
              missing: [],
              lastRun: null,
              reconciled: null,
              gaps: [],
              imported: null,
            },
          ],
        ]),
      )
      expect(await warehouse.inferredColumns('parcels')).toMatchObject([{ column: 'color', kind: 'text' }])
      expect(await kept(warehouse)).toMatchObject([{ key: '3', source: null }])
      expect((await warehouse.existingRows(stream, ['1'])).get('1')).toMatchObject({ cursor: at(1), deleted: false })
    })
  })

  test.each(DAMAGES)(
    '$what is `unreadable`, and doing what the error says helps',
    async ({ damage, read, message, next, repair }) => {
      await database.with(async config => {
        await fill(config)
        await withQuery(config, query => query(damage))
        {
          await using warehouse = await open(config)
          const refused = read(warehouse)
          await expect(refused).rejects.toMatchObject({ code: 'unreadable', reaction: 'fail' })
          await expect(refused).rejects.toThrow(message)
          await expect(refused).rejects.toMatchObject({ next: expect.stringMatching(next) })
          if (repair === null) await warehouse.reset(stream)
        }
        if (repair !== null) await withQuery(config, query => query(repair))
        await using warehouse = await open(config)
        await read(warehouse)
      })
    },
  )

  test('reset returns the watermark that it deletes; null if there was none or none that can be read', async () => {
    await database.with(async config => {
      await fill(config)
      {
        await using warehouse = await open(config)
        expect(await warehouse.reset(stream)).toBe(at(5))
        expect(await warehouse.reset(stream)).toBeNull()
        expect(await warehouse.checkpoint('parcels')).toMatchObject({ version: 0, watermark: null, scan: null })
        const from = await warehouse.checkpoint('parcels')
        await warehouse.commit(batchOf(stream, []), from, moved(from, at(7)))
      }
      await withQuery(config, query => query(checkpoints(`watermark = 'infinity'`)))
      await using warehouse = await open(config)
      expect(await warehouse.reset(stream)).toBeNull()
      expect((await warehouse.checkpoint('parcels')).version).toBe(0)
    })
  })
})
