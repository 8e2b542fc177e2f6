import { existsSync, statSync } from 'node:fs'
import { createServer, connect as dial, type Socket } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { charge } from '../../bench/charges.ts'
import { STREAMS } from '../../src/cli/app.ts'
import type { RowBatch, RunId } from '../../src/common/model.ts'
import type { Destination, WantedViews, Warehouse } from '../../src/load/destination.ts'
import { openDestination } from '../../src/load/open.ts'
import type { InferredColumn } from '../../src/schema/inferred-columns.ts'
import { liveViews } from '../../src/schema/live-views.ts'
import type { Stream } from '../../src/schema/stream.ts'
import { allTables } from '../../src/schema/table.ts'
import { DESTINATIONS, type DestinationConfig, withDatabase, withFolder } from '../support/destinations.ts'
import { withQuery } from '../support/dump.ts'
import { rounds } from '../support/rounds.ts'
import { runReport } from '../support/run-report.ts'
import { withTestSalt } from '../support/salt.ts'
import { at, batchOf } from '../support/samples.ts'

/* The cost of a commit, counted and not timed: a slow machine sends no more than a fast one. */

const charges = withTestSalt(STREAMS.find(({ name }) => name === 'charges') as Stream)
const PAGE = 250
const RUN = '01ARZ3NDEKTSV4RRFFQ69G5FAV' as RunId
const page = (first: number, edits = 0, length = PAGE): RowBatch =>
  batchOf(
    charges,
    Array.from({ length }, (_, i) => charge(first + i, edits)),
  )

async function commit(destination: Destination, batch: RowBatch): Promise<number> {
  const from = await destination.checkpoint('charges')
  const { added, changed } = await destination.commit(batch, from, { ...from, version: from.version + 1 })
  return added + changed
}

interface Sent {
  bytes: number
  /** Queries, plain or prepared. */
  statements: number
}

/** Counts the messages of a client. The first has no type; each other one begins with its type. */
function reader(sent: Sent): (data: Buffer) => void {
  let rest = Buffer.alloc(0)
  let typed = 0
  return data => {
    sent.bytes += data.length
    rest = Buffer.concat([rest, data])
    while (rest.length >= typed + 4 && rest.length >= typed + rest.readUInt32BE(typed)) {
      const type = typed === 1 ? String.fromCharCode(rest[0] ?? 0) : ''
      if (type === 'Q' || type === 'P') sent.statements += 1
      rest = rest.subarray(typed + rest.readUInt32BE(typed))
      typed = 1
    }
  }
}

/** A destination behind a proxy that counts what is sent. */
async function counted(
  work: (
    destination: Warehouse,
    sent: Sent,
    /** Opens the same database another time, as the next run does. */
    again: (work: (destination: Warehouse, sent: Sent) => Promise<void>) => Promise<void>,
  ) => Promise<void>,
): Promise<void> {
  await withDatabase(async url => {
    const { hostname, port } = new URL(url)
    const sent: Sent = { bytes: 0, statements: 0 }
    const sockets = new Set<Socket>()
    const server = createServer(near => {
      const far = dial(Number(port), hostname)
      for (const socket of [near, far]) {
        sockets.add(socket)
        socket.on('error', () => {})
      }
      near.on('data', reader(sent))
      near.pipe(far).pipe(near)
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const through = new URL(url)
    through.port = String(typeof address === 'object' ? address?.port : '')
    const config = { kind: 'postgres', url: through.href, schema: 'recharge' } as const
    try {
      await using destination = await openDestination(config, { mode: 'write', connections: 1 })
      await destination.prepare(allTables(charges))
      await work(destination, sent, async next => {
        await using opened = await openDestination(config, { mode: 'write', connections: 1 })
        await next(opened, sent)
      })
    } finally {
      for (const socket of sockets) socket.destroy()
      server.close()
    }
  })
}

test('prepare creates tables and comments with one request', async () => {
  await counted(async (destination, sent) => {
    const before = sent.statements
    expect(await destination.prepare(allTables(charges))).toEqual([])
    const again = sent.statements - before
    // Nothing has to be converted: what prepare has read of the catalog says so.
    expect(await destination.migrateColumns(charges, new AbortController().signal)).toEqual({ changed: [], kept: [] })
    expect(sent.statements).toBe(before + again)
    // The first time also sets up the connection, looks for two tables, makes a salt, records the tables and limits the wait
    // for locks.
    expect(before).toBeLessThanOrEqual(again + 7)
  })
})

test('the status of all streams takes as many statements as that of one', async () => {
  await counted(async (destination, sent) => {
    await destination.prepare(STREAMS.flatMap(allTables))
    const statementsFor = async (streams: readonly Stream[]): Promise<number> => {
      const before = sent.statements
      expect((await destination.streamStatuses(streams)).size).toBe(streams.length)
      return sent.statements - before
    }
    const one = await statementsFor([charges])
    expect(one).toBeGreaterThan(0)
    expect(await statementsFor(STREAMS)).toBe(one)
  })
})

test('a stream that begins asks for no inferred column that prepare has read, and for all later ones', async () => {
  const column = (name: string): InferredColumn => ({ table: 'charges', column: name, path: name, kind: 'text' })
  await counted(async (first, _, again) => {
    await first.keepInferredColumns('charges', [column('colour')], RUN, at(1))
    await again(async (destination, sent) => {
      await destination.prepare(STREAMS.flatMap(allTables))
      const before = sent.statements
      expect(await destination.inferredColumns('charges')).toEqual([column('colour')])
      expect(await destination.inferredColumns('orders')).toEqual([])
      expect(sent.statements).toBe(before)
      await destination.keepInferredColumns('charges', [column('size')], RUN, at(2))
      await destination.keepInferredColumns('customers', [{ ...column('size'), table: 'customers' }], RUN, at(2))
      expect(await destination.inferredColumns('charges')).toEqual([column('colour'), column('size')])
      expect(await destination.inferredColumns('customers')).toEqual([{ ...column('size'), table: 'customers' }])
      // What another prepare reads is not kept: streams are at work by then.
      await destination.prepare(allTables(charges))
      const prepared = sent.statements
      expect(await destination.inferredColumns('charges')).toHaveLength(2)
      expect(sent.statements).toBeGreaterThan(prepared)
    })
  })
})

test('the report of all streams is stored by as many statements as that of one', async () => {
  await counted(async (destination, sent) => {
    const statementsFor = async (streams: readonly Stream[]): Promise<number> => {
      const report = runReport('charges')
      const all = streams.flatMap(({ name }) => report.streams.map(of => ({ ...of, stream: name })))
      // The second time they have rows.
      await destination.record({ ...report, streams: all })
      const before = sent.statements
      await destination.record({ ...report, streams: all })
      const statements = sent.statements - before
      const statuses = await destination.streamStatuses(streams)
      for (const { name } of streams) expect(statuses.get(name)?.lastRun?.stream).toBe(name)
      return statements
    }
    const one = await statementsFor([charges])
    expect(await statementsFor(STREAMS)).toBe(one)
  })
})

test('indexes that exist cost a run no statement', async () => {
  await counted(async (destination, sent) => {
    const { signal } = new AbortController()
    const statementsOf = async (work: () => Promise<unknown>): Promise<number> => {
      const before = sent.statements
      await work()
      return sent.statements - before
    }
    const create = () => destination.createIndexes(allTables(charges), signal)
    const prepare = () => destination.prepare(allTables(charges))
    // The second time it asks for what it remembers later.
    await prepare()
    const without = await statementsOf(prepare)
    expect(await statementsOf(create)).toBeGreaterThan(allTables(charges).length)
    expect(await statementsOf(create)).toBe(0)
    expect(await statementsOf(prepare)).toBe(without)
    expect(await statementsOf(create)).toBe(0)
  })
})

test('views that are as they should be cost a run one read of the ledger and one of the catalog', async () => {
  await counted(async (destination, sent) => {
    const { signal } = new AbortController()
    const wanted: WantedViews = {
      views: liveViews([charges], []),
      tables: allTables(charges),
      zone: 'UTC',
      materialize: { add: [], except: [] },
    }
    expect((await destination.keepViews(wanted, signal)).made.length).toBeGreaterThan(allTables(charges).length)
    const before = sent.statements
    expect(await destination.keepViews(wanted, signal)).toEqual({ made: [], dropped: [], refreshed: [], problems: [] })
    // And the beginning and the end of their transaction.
    expect(sent.statements - before).toBeLessThanOrEqual(4)
  })
})

test('I4: an unchanged page sends keys and fingerprints, no rows', async () => {
  await counted(async (destination, sent) => {
    const bytesOf = async (batch: RowBatch): Promise<number> => {
      const before = sent.bytes
      await commit(destination, batch)
      return sent.bytes - before
    }
    const rows = [...page(0).records.values()].reduce((sum, { start, end }) => sum + end - start, 0)
    const statements = 12_000
    // Each row once, with its system columns.
    expect(await bytesOf(page(0))).toBeLessThan(1.4 * rows + statements)
    // A key, a position, a time and a fingerprint of twelve bytes each.
    expect(await bytesOf(page(0))).toBeLessThan(60 * PAGE + statements)
  })
})

test('a commit of ten thousand records takes as many statements as one of a page', async () => {
  await counted(async (destination, sent) => {
    const statementsOf = async (batch: RowBatch): Promise<number> => {
      const before = sent.statements
      expect(await commit(destination, batch)).toBe(batch.records.size)
      return sent.statements - before
    }
    // The first commit makes queries that later ones do not.
    await commit(destination, page(500))
    const one = await statementsOf(page(0))
    const tables = allTables(charges).length
    // An append for each table; one query shows that no row has these keys.
    expect(one).toBeLessThanOrEqual(tables + 10)
    // A page without records writes only the checkpoint.
    const from = await destination.checkpoint('charges')
    const before = sent.statements
    await destination.commit(page(0, 0, 0), from, { ...from, version: from.version + 1 })
    expect(sent.statements - before).toBeLessThanOrEqual(6)
    // Keys are compared, and changed rows are deleted first.
    expect(await statementsOf(page(0, 1))).toBeLessThanOrEqual(2 * tables + 15)
    expect(
      await statementsOf(
        batchOf(
          charges,
          Array.from({ length: 10_000 }, (_, i) => charge(1000 + i)),
        ),
      ),
    ).toBe(one)
  })
})

test.each(DESTINATIONS)('I4: $name: an unchanged page writes no row', async database => {
  const tables = allTables(charges).map(({ name }) => name)
  await database.with(async config => {
    await using destination = await openDestination(config, { mode: 'write', connections: 1 })
    await destination.prepare(allTables(charges))
    await commit(destination, page(0))
    // DuckDB writes alternately to two places in the file, so both must exist.
    for (let n = 0; n < 3; n++) {
      await commit(destination, page(0))
      await destination.finalize()
    }
    const measure = () =>
      config.kind === 'duckdb' ? statSync(config.file).size : rowsWritten(destination, config, tables)
    const before = await measure()
    for (let n = 0; n < rounds(20, 100); n++) {
      expect(await commit(destination, page(0))).toBe(0)
      await destination.finalize()
    }
    expect(await measure()).toEqual(before)
    // New pages do change what is measured.
    for (let n = 1; n <= 4; n++) expect(await commit(destination, page(n * PAGE))).toBe(PAGE)
    await destination.finalize()
    expect(await measure()).not.toEqual(before)
  })
})

test('a backfill into DuckDB needs no temporary files', async () => {
  await withFolder(async folder => {
    const file = join(folder, 'warehouse.duckdb')
    await using destination = await openDestination(
      { kind: 'duckdb', file, schema: 'recharge' },
      { mode: 'write', connections: 1 },
    )
    await destination.prepare(allTables(charges))
    for (let n = 0; n < 8; n++) {
      const records = Array.from({ length: 10_000 }, (_, i) => charge(10_000 * n + i))
      expect(await commit(destination, batchOf(charges, records))).toBe(10_000)
    }
    // DuckDB creates the folder with the first temporary file and keeps it until the database is closed.
    expect(existsSync(`${file}.tmp`)).toBe(false)
  })
})

test('a large batch scans no whole table in Postgres', async () => {
  const tables = allTables(charges).map(({ name }) => name)
  const records = (count: number, edits: number): RowBatch =>
    batchOf(
      charges,
      Array.from({ length: count }, (_, i) => charge(i, edits)),
    )
  await withDatabase(async url => {
    const config = { kind: 'postgres', url, schema: 'recharge' } as const
    await using destination = await openDestination(config, { mode: 'write', connections: 1 })
    await destination.prepare(allTables(charges))
    await commit(destination, records(4000, 0))
    const before = await counts(destination, config, tables, ['seq_scan'])
    expect(await commit(destination, records(2000, 1))).toBe(2000)
    expect(await counts(destination, config, tables, ['seq_scan'])).toEqual(before)
    // Rows fetched by an index scan: a bitmap scan is not counted here.
    const fetched = `select idx_tup_fetch as n from pg_stat_user_indexes where relname = 'charges__line_items'`
    expect(await withQuery(config, query => query(fetched))).toEqual([{ n: String(3 * 2000) }])
  })
})

/** Row versions that the server has written. */
const rowsWritten = (destination: Warehouse, config: DestinationConfig, tables: readonly string[]): Promise<unknown> =>
  counts(destination, config, tables, ['n_tup_ins', 'n_tup_upd', 'n_tup_del'])

/** The server's statistics of each table. */
async function counts(
  destination: Warehouse,
  config: DestinationConfig,
  tables: readonly string[],
  what: readonly string[],
): Promise<unknown> {
  // By itself a connection says what it did once a second at most. There is one connection, and it says so now.
  await destination.query('select pg_stat_force_next_flush()')
  await destination.checkpoint('charges')
  return withQuery(config, query =>
    query(
      `select relname, ${what.join(', ')} from pg_stat_user_tables
       where relname in (${tables.map(name => `'${name}'`).join()}) order by relname`,
    ),
  )
}
