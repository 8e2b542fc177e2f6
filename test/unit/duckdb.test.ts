import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { CompiledQuery, sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { openDuckdb } from '../../src/load/duckdb/engine.ts'
import { openDestination } from '../../src/load/open.ts'
import type { Engine } from '../../src/load/sql/engine.ts'
import { allTables } from '../../src/schema/table.ts'
import { withFolder } from '../support/destinations.ts'
import { batchOf, moved, parcel, parcels } from '../support/samples.ts'

test.each([
  ['has the name of its schema', 'recharge.duckdb'],
  ['has a quote in its name', "the shop's.duckdb"],
])('a file that %s can be written and read', async (_, name) => {
  await withFolder(async folder => {
    const config = { kind: 'duckdb', file: join(folder, name), schema: 'recharge' } as const
    {
      await using destination = await openDestination(config, { mode: 'write', connections: 1 })
      await destination.prepare(allTables(parcels))
      const first = await destination.checkpoint('parcels')
      await destination.commit(batchOf(parcels, [parcel(1, 1)]), first, moved(first))
    }
    await using again = await openDestination(config, { mode: 'read', connections: 1 })
    expect((await again.checkpoint('parcels')).version).toBe(1)
  })
})

test('temporary files lie beside the database file', async () => {
  await withFolder(async folder => {
    const file = join(folder, 'warehouse.duckdb')
    await using destination = await openDestination(
      { kind: 'duckdb', file, schema: 'recharge' },
      { mode: 'write', connections: 1 },
    )
    const [setting] = await destination.query(`select current_setting('temp_directory') as folder`)
    expect(setting?.folder).toBe(`${realpathSync(folder)}/warehouse.duckdb.tmp`)
  })
})

const LONG = 'x'.repeat(100_000)

test.each([
  ['small', 10, '15.2 MiB'],
  ['large', 100, '122.0 MiB'],
])('a %s commit sets the size of the log at which a checkpoint is made', async (_, records, most) => {
  await withFolder(async folder => {
    const config = { kind: 'duckdb', file: join(folder, 'warehouse.duckdb'), schema: 'recharge' } as const
    await using destination = await openDestination(config, { mode: 'write', connections: 1 })
    await destination.prepare(allTables(parcels))
    for (const count of [10, 100, records]) {
      const from = await destination.checkpoint('parcels')
      const batch = batchOf(
        parcels,
        Array.from({ length: count }, (_, id) => parcel(id, from.version, { label: LONG })),
      )
      expect(await destination.commit(batch, from, moved(from))).toMatchObject({ rejected: 0 })
    }
    expect(await destination.query(`select current_setting('checkpoint_threshold') as most`)).toEqual([{ most }])
  })
})

const blocks = `select block_size::varchar as bytes from pragma_database_size() where database_name = '_recharge_sync'`

test('a new file has small blocks and small row groups', async () => {
  await withFolder(async folder => {
    const config = { kind: 'duckdb', file: join(folder, 'warehouse.duckdb'), schema: 'recharge' } as const
    await using destination = await openDestination(config, { mode: 'write', connections: 1 })
    await destination.prepare(allTables(parcels))
    const first = await destination.checkpoint('parcels')
    const records = Array.from({ length: 31_000 }, (_, id) => parcel(id, 1))
    await destination.commit(batchOf(parcels, records), first, moved(first))
    await destination.finalize()
    expect(await destination.query(blocks)).toEqual([{ bytes: '65536' }])
    const groups = `select max("count")::varchar as most from pragma_storage_info('recharge.parcels') where column_name = 'id'`
    expect(await destination.query(groups)).toEqual([{ most: '30720' }])
  })
})

test('a file that was created with another block size can be written', async () => {
  await withFolder(async folder => {
    const config = { kind: 'duckdb', file: join(folder, 'warehouse.duckdb'), schema: 'recharge' } as const
    const instance = await DuckDBInstance.create(config.file)
    const connection = await instance.connect()
    await connection.run('create table other_table as select 1 as n')
    connection.closeSync()
    instance.closeSync()
    await using destination = await openDestination(config, { mode: 'write', connections: 1 })
    await destination.prepare(allTables(parcels))
    const first = await destination.checkpoint('parcels')
    expect(await destination.commit(batchOf(parcels, [parcel(1, 1)]), first, moved(first))).toMatchObject({ added: 1 })
    expect(await destination.query(blocks)).toEqual([{ bytes: '262144' }])
  })
})

test('what a statement changed is told from what a query found, whatever its columns are called', async () => {
  await withFolder(async folder => {
    await using engine = await openDuckdb({ file: join(folder, 'warehouse.duckdb'), mode: 'write' })
    const run = (text: string) => engine.transaction(({ db }) => db.executeQuery(CompiledQuery.raw(text)))
    expect(await run('create table counted (v integer)')).toEqual({ rows: [] })
    expect(await run('insert into counted values (1), (2)')).toEqual({ rows: [], numAffectedRows: 2n })
    expect(await run('update counted set v = 3 where v = 1')).toEqual({ rows: [], numAffectedRows: 1n })
    expect(await run('delete from counted where v = 3 returning v')).toEqual({ rows: [{ v: 3 }] })
    expect(await run('select count(*) as "Count" from counted')).toEqual({ rows: [{ Count: 1n }] })
    expect(await run('select v from counted where v = 0')).toEqual({ rows: [] })
  })
})

describe('statements that stay prepared', () => {
  type Session = Parameters<Parameters<Engine['transaction']>[0]>[0]
  const ask = async ({ db }: Session, value: string | number | null): Promise<unknown[]> => {
    const { rows } = await sql<{
      got: unknown
    }>`select v as got from kept where v = ${value} or ${value} is null`.execute(db)
    return rows.map(({ got }) => got)
  }
  const withKept = (work: (engine: Engine) => Promise<void>): Promise<void> =>
    withFolder(async folder => {
      await using engine = await openDuckdb({ file: join(folder, 'warehouse.duckdb'), mode: 'write' })
      await engine.transaction(({ db }) => db.executeQuery(CompiledQuery.raw('create table kept (v integer)')))
      await engine.transaction(({ db }) => db.executeQuery(CompiledQuery.raw('insert into kept values (1), (2)')))
      await work(engine)
    })

  test('two of one text at the same time get each their own values', () =>
    withKept(engine =>
      engine.transaction(async session => {
        for (let round = 0; round < 20; round++)
          expect(await Promise.all([1, 2, null, 3].map(value => ask(session, value)))).toEqual([[1], [2], [1, 2], []])
      }),
    ))

  test('one answers as the table is by now: of another type, of another transaction, gone and made again', () =>
    withKept(async engine => {
      expect(await engine.transaction(session => ask(session, 1))).toEqual([1])
      await engine.transaction(session =>
        session.alterColumns(
          [CompiledQuery.raw('alter table kept alter v type varchar using v || $$ cm$$')],
          new AbortController().signal,
        ),
      )
      expect(await engine.transaction(session => ask(session, '1 cm'))).toEqual(['1 cm'])
      await expect(
        engine.transaction(async session => {
          await session.db.executeQuery(CompiledQuery.raw('drop table kept'))
          return await ask(session, '1 cm')
        }),
      ).rejects.toThrow('kept')
      expect(await engine.transaction(session => ask(session, null))).toEqual(['1 cm', '2 cm'])
      await engine.transaction(async session => {
        await session.db.executeQuery(CompiledQuery.raw('drop table kept'))
        await session.db.executeQuery(CompiledQuery.raw('create table kept (other text, v bigint)'))
        expect(await ask(session, 7)).toEqual([])
      })
    }))

  test('however many texts there are, each answers', () =>
    withKept(engine =>
      engine.transaction(async ({ db }) => {
        for (let round = 0; round < 2; round++)
          for (let n = 0; n < 250; n++) {
            const { rows } = await sql`select ${sql.lit(n)} + ${1} as more`.execute(db)
            expect(rows).toEqual([{ more: n + 1 }])
          }
      }),
    ))
})
