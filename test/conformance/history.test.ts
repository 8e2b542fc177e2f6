import { CompiledQuery } from 'kysely'
import { describe, expect, test } from 'vitest'
import type { Destination } from '../../src/load/destination.ts'
import { openDuckdb } from '../../src/load/duckdb/engine.ts'
import { openDestination } from '../../src/load/open.ts'
import { openPostgres } from '../../src/load/postgres/engine.ts'
import type { Session } from '../../src/load/sql/engine.ts'
import { createHistory } from '../../src/load/sql/history.ts'
import { int, required } from '../../src/schema/column.ts'
import { historyTable } from '../../src/schema/history-table.ts'
import type { Stream } from '../../src/schema/stream.ts'
import { allTables, tablesOf } from '../../src/schema/table.ts'
import { DESTINATIONS, type DestinationConfig } from '../support/destinations.ts'
import { withQuery } from '../support/dump.ts'
import { at, batchOf, moved, parcel, parcels, parcelsGrown } from '../support/samples.ts'

const shown = (column: string): string => `cast(${column} at time zone 'UTC' as text)`
const VERSIONS = `select id, label, ${shown('valid_from')} as since, ${shown('valid_to')} as until
  from recharge.parcels__history order by id, valid_from`
const when = (second: number): string => at(second).slice(0, 19).replace('T', ' ')

async function use<T>(
  config: DestinationConfig,
  work: (destination: Destination) => Promise<T>,
  history: readonly Stream[] = [parcels],
  stream: Stream = parcels,
): Promise<T> {
  await using destination = await openDestination(config, { mode: 'write', connections: 2, history })
  await destination.prepare(allTables(stream))
  return await work(destination)
}

async function commit(destination: Destination, records: readonly unknown[], seen: number, stream: Stream = parcels) {
  const from = await destination.checkpoint(stream.name)
  return destination.commit({ ...batchOf(stream, records), receivedAt: at(seen) }, from, moved(from))
}

async function inTransaction(config: DestinationConfig, work: (session: Session) => Promise<void>): Promise<void> {
  await using engine =
    config.kind === 'duckdb'
      ? await openDuckdb({ file: config.file, mode: 'write' })
      : openPostgres({ ...config, connections: 1 })
  await engine.transaction(work)
}

interface Version {
  readonly id: unknown
  readonly label: string | null
  readonly since: string
  readonly until: string | null
}

async function versionsIn(config: DestinationConfig): Promise<Version[]> {
  const rows = (await withQuery(config, query => query(VERSIONS))) as unknown as Version[]
  return rows.map(row => ({ ...row, id: String(row.id) }))
}

/** True of any history: each version ends where the next begins, only the last may be open, none is empty. */
async function expectSound(config: DestinationConfig): Promise<void> {
  const all = await versionsIn(config)
  for (const [i, version] of all.entries()) {
    const next = all[i + 1]
    if (version.until !== null) expect(version.since < version.until).toBe(true)
    if (next && next.id === version.id) expect(version.until).toBe(next.since)
  }
  const own = tablesOf(parcels).root.columns.filter(({ name }) => !name.startsWith('_') || name === '_extra')
  const columns = own.map(({ name }) => `cast("${name}" as text) as "${name}"`).join(', ')
  const open = await withQuery(config, query =>
    query(`select ${columns} from recharge.parcels__history where valid_to is null order by id`),
  )
  const rows = await withQuery(config, query =>
    query(`select ${columns} from recharge.parcels where _deleted_at is null order by id`),
  )
  expect(open).toEqual(rows)
  expect(rows.length).toBeGreaterThan(0)
}

describe.each(DESTINATIONS)('$name', database => {
  test('I16: every version lasts from its change to the next one, and the last equals the row', async () => {
    await database.with(async config => {
      await use(config, async destination => {
        await commit(destination, [parcel(1, 10), parcel(2, 10)], 100)
        await commit(destination, [parcel(1, 20, { label: 'second', price: '1.5', raw: { a: 1 }, new_field: 1 })], 100)
      })
      await use(config, destination => commit(destination, [parcel(1, 30, { label: 'third' }), parcel(3, 30)], 200))
      expect(await versionsIn(config)).toEqual([
        { id: '1', label: 'parcel 1', since: when(10), until: when(20) },
        { id: '1', label: 'second', since: when(20), until: when(30) },
        { id: '1', label: 'third', since: when(30), until: null },
        { id: '2', label: 'parcel 2', since: when(10), until: null },
        { id: '3', label: 'parcel 3', since: when(30), until: null },
      ])
      await expectSound(config)
    })
  })

  test('I4, I16: records that are unchanged or older than the row add no version', async () => {
    await database.with(async config => {
      await use(config, async destination => {
        await commit(destination, [parcel(1, 10), parcel(2, 10)], 100)
        await commit(destination, [parcel(1, 10), parcel(2, 5, { label: 'late' })], 200)
      })
      expect((await versionsIn(config)).map(({ label, until }) => [label, until])).toEqual([
        ['parcel 1', null],
        ['parcel 2', null],
      ])
    })
  })

  test('I16: a version begins when it was read if its time of change is not after the version before', async () => {
    await database.with(async config => {
      await use(config, async destination => {
        await commit(destination, [parcel(1, 10)], 100)
        await commit(destination, [parcel(1, 10, { label: 'seen at 200' })], 200)
        // Read in the same second; then with a time of change before the version that was read last.
        await commit(destination, [parcel(1, 10, { label: 'right after' })], 200)
        await commit(destination, [parcel(1, 150, { label: 'shown late' })], 300)
        await commit(destination, [parcel(1, 400, { label: 'in order again' })], 500)
      })
      expect((await versionsIn(config)).map(({ label, since }) => [label, since])).toEqual([
        ['parcel 1', when(10)],
        ['seen at 200', when(200)],
        ['right after', `${when(200)}.000001`],
        ['shown late', when(300)],
        ['in order again', when(400)],
      ])
      await expectSound(config)
    })
  })

  test('I16: switched on later, a history starts with the existing rows; switched off and on, it ends the versions of before', async () => {
    await database.with(async config => {
      await use(config, destination => commit(destination, [parcel(1, 10), parcel(2, 20)], 100), [])
      await use(config, async () => {})
      const first = await versionsIn(config)
      expect(first.map(({ label, since, until }) => [label, since, until])).toEqual([
        ['parcel 1', when(10), null],
        ['parcel 2', when(20), null],
      ])
      await use(config, destination => commit(destination, [parcel(1, 30, { label: 'unseen' })], 200), [])
      await use(config, destination => commit(destination, [parcel(1, 40, { label: 'unseen too' })], 200), [])
      await use(config, destination => commit(destination, [parcel(3, 50)], 300))
      expect((await versionsIn(config)).map(({ label, since, until }) => [label, since, until])).toEqual([
        ['parcel 1', when(10), when(40)],
        ['unseen too', when(40), null],
        ['parcel 2', when(20), null],
        ['parcel 3', when(50), null],
      ])
      await expectSound(config)
    })
  })

  test('I16: a deleted row ends its version, and a record that comes back starts a new one', async () => {
    await database.with(async config => {
      const gone = (id: number, second: number) =>
        withQuery(config, query =>
          query(`update recharge.parcels set _deleted_at = timestamptz '${at(second)}' where id = ${id}`),
        )
      await use(config, destination => commit(destination, [parcel(1, 10), parcel(2, 10)], 100))
      await gone(1, 150)
      await use(config, async () => {})
      await expectSound(config)
      await use(config, destination => commit(destination, [parcel(1, 10)], 200))
      expect((await versionsIn(config)).map(({ id, since, until }) => [id, since, until])).toEqual([
        ['1', when(10), when(150)],
        ['1', when(200), null],
        ['2', when(10), null],
      ])
    })
  })

  test('I16: a commit that marks rows as deleted ends their versions', async () => {
    await database.with(async config => {
      await use(config, destination => commit(destination, [parcel(1, 10), parcel(2, 10)], 100))
      const none = { added: 0, changed: 0, unchanged: 0, rejected: 0 }
      await inTransaction(config, async session => {
        const marking = `update recharge.parcels set _deleted_at = timestamptz '${at(150)}' where id = 2`
        await session.db.executeQuery(CompiledQuery.raw(marking))
        await createHistory('recharge', [parcels]).update(session, parcels, { ...none, deleted: 1 })
      })
      expect((await versionsIn(config)).map(({ id, until }) => [id, until])).toEqual([
        ['1', null],
        ['2', when(150)],
      ])
      await expectSound(config)
    })
  })

  test.each([
    ['the version cannot be added', 'alter table recharge.parcels__history drop column label'],
    ['a reject cannot be kept', 'alter table recharge._sync_rejects rename to elsewhere'],
  ])('I1, I16: if %s, the commit writes neither row nor version', async (_what, sabotage) => {
    await database.with(async config => {
      await use(config, destination => commit(destination, [parcel(1, 10)], 100))
      await withQuery(config, query => query(sabotage))
      const state = `select r.n, h.n as versions, h.ended, c.version from
        (select count(*) as n from recharge.parcels where label = 'parcel 1') as r,
        (select count(*) as n, count(valid_to) as ended from recharge.parcels__history) as h,
        (select version from recharge._sync_checkpoints) as c`
      const before = await withQuery(config, query => query(state))
      {
        await using destination = await openDestination(config, { mode: 'write', connections: 2, history: [parcels] })
        const records = [parcel(1, 20, { label: 'second' }), { id: 'no number', updated_at: at(9) }]
        await expect(commit(destination, records, 200)).rejects.toThrow()
      }
      expect(await withQuery(config, query => query(state))).toEqual(before)
    })
  })

  test('a new column of a stream is added to its history', async () => {
    await database.with(async config => {
      await use(config, destination => commit(destination, [parcel(1, 10)], 100))
      const grown = parcel(1, 20, { weight: 7 })
      await use(config, destination => commit(destination, [grown], 200, parcelsGrown), [parcelsGrown], parcelsGrown)
      const weights = 'select cast(weight as text) as w from recharge.parcels__history order by valid_from'
      expect((await withQuery(config, query => query(weights))).map(({ w }) => w)).toEqual([null, '7'])
    })
  })

  test('rows without a value for a column that has become required begin a history all the same', async () => {
    const weight = required(int('Grams.'))
    const stricter: Stream = { ...parcelsGrown, columns: { ...parcelsGrown.columns, weight } }
    await database.with(async config => {
      await use(config, destination => commit(destination, [parcel(1, 10)], 100), [])
      await use(config, async () => {}, [stricter], stricter)
      expect((await versionsIn(config)).map(({ label }) => label)).toEqual(['parcel 1'])
    })
  })

  test('the plan has the history table and a comment for each column, only for streams with a history', async () => {
    await database.with(async config => {
      await using destination = await openDestination(config, { mode: 'write', connections: 2, history: [parcels] })
      const planned = (await destination.plan(allTables(parcels))).filter(({ table }) => table === 'parcels__history')
      expect(planned.map(({ sql }) => sql).filter(sql => sql.startsWith('comment on column'))).toHaveLength(
        historyTable(parcels).columns.length,
      )
      await using without = await openDestination(
        { ...config, ...(config.kind === 'duckdb' ? { file: `${config.file}.other` } : {}) },
        { mode: 'write', connections: 2 },
      )
      expect((await without.plan(allTables(parcels))).filter(({ table }) => table.includes('history'))).toEqual([])
    })
  })
})
