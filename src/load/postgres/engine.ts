import { Kysely, PostgresDialect, type PostgresPoolClient, sql } from 'kysely'
import pg from 'pg'
import { Interrupted } from '../../common/errors.ts'
import type { TableColumn } from '../../schema/table.ts'
import type { Engine, Session } from '../sql/engine.ts'
import type { SystemTables } from '../sql/system-tables.ts'
import { checkAccess } from './access.ts'
import { answer } from './answer.ts'
import { append } from './append.ts'
import { connectionTo } from './connection.ts'
import { dependentsOf, grantsOn, viewUsers } from './dependents.ts'
import { describeColumns } from './describe-columns.ts'
import { isRefusal, translate } from './errors.ts'
import { jsonAsText, jsonElements, jsonMember } from './json-as-text.ts'
import { mayContainKeys } from './key-lookup.ts'
import { createLease, LEASE_TIMES, type LeaseTimes } from './lease.ts'
import { cancelTransaction, lockHolders, longDdl, type RunningTransaction, withLockTimeout } from './locks.ts'
import { referencedTables } from './references.ts'
import { catalogOf, relationsIn } from './relations.ts'
import { rewriteTables } from './rewrite.ts'
import { TYPES } from './types.ts'

export interface PostgresOptions {
  /** `postgres://user:password@host:port/database`. */
  readonly url: string
  readonly schema: string
  /** Transactions that run side by side, at most. */
  readonly connections: number
  /** Whether tables get indexes. Default: true. */
  readonly indexes?: boolean
  /** Default: `LEASE_TIMES`. */
  readonly lease?: LeaseTimes
}

/*
 * What a transaction sets for itself. A pooler may give each transaction another connection, and may give ours to another
 * program, so nothing is set for a session. Instants are read as ISO text in UTC, whatever the database or the role
 * prefers, and a checkpoint is replaced by a condition on the row as it is at that moment.
 */
const BEGIN = [
  'begin isolation level read committed',
  `set local time zone 'UTC'`,
  `set local datestyle to 'ISO, YMD'`,
  'set local standard_conforming_strings to on',
].join('; ')

/**
 * The engine for Postgres. Connects when the first transaction starts, or the lock is acquired.
 * @throws {DestinationError} `bad_address`, `file_missing`
 */
export function openPostgres({
  url,
  schema,
  connections,
  indexes = true,
  lease: times = LEASE_TIMES,
}: PostgresOptions): Engine {
  const { options, target } = connectionTo(url, schema)
  const pool = new pg.Pool({ ...options, max: connections })
  // The pool replaces an idle connection that the server closes; without a listener the error would end the process.
  pool.on('error', () => {})
  const listening = new WeakSet<pg.PoolClient>()
  const inUse = new Set<pg.PoolClient>()

  async function connect(): Promise<pg.PoolClient> {
    const client = await pool.connect()
    // The pool listens only while a client is idle, but a connection can also break between two statements.
    if (!listening.has(client)) client.on('error', () => {})
    listening.add(client)
    return client
  }

  // Best effort: what is not cancelled ends by itself.
  const cancel = (transaction: RunningTransaction): void => {
    cancelTransaction(pool, transaction).catch(() => {})
  }

  const inTransaction = async <T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> => {
    try {
      const client = await connect()
      inUse.add(client)
      let broken: Error | boolean = false
      try {
        await client.query(BEGIN)
        const result = await work(client)
        await client.query('commit')
        return result
      } catch (error) {
        await client.query('rollback').catch(() => {
          broken = true
        })
        throw error
      } finally {
        inUse.delete(client)
        client.release(broken)
      }
    } catch (error) {
      throw translate(error, target)
    }
  }
  const transaction: Engine['transaction'] = work =>
    inTransaction(client => {
      const db = kyselyOn(client)
      const ddl: Session['longDdl'] = (statements, signal) =>
        longDdl(client, statements.map(statement => statement.sql).join(';\n'), signal, cancel)
      return work({
        db,
        append: (target, columns, blocks) => append(client, target, columns, blocks),
        createTempTable: (table, columns) => createTempTable(db, table, columns),
        withIndexScans: work => withIndexScans(client, work),
        mayContainKeys: (columns, ranges) => mayContainKeys(db, columns, ranges),
        relations: schema => relationsIn(client, schema),
        referencedTables: schema => referencedTables(client, schema),
        withLockTimeout: work => withLockTimeout(client, work),
        longDdl: ddl,
        alterColumns: ddl,
        dependents: (schema, table, column) => dependentsOf(client, schema, table, column),
        catalog: schemas => catalogOf(client, schemas),
        viewUsers: schemas => viewUsers(client, schemas),
        grantsOn: (schema, view) => grantsOn(client, schema, view),
      })
    })

  const lease = createLease(transaction, schema, times)
  // What is open was begun under the lease. A connection that hangs would also keep the run from ending.
  lease.lost.addEventListener('abort', () => {
    for (const client of inUse) void cut(client)
  })

  return {
    transaction,
    lost: lease.lost,
    acquireLock: run => lease.acquire(run),
    columnType: kind => sql.raw(TYPES[kind].ddl),
    catalogType: kind => TYPES[kind].inCatalog,
    withPrimaryKey: (create, table) =>
      create.addPrimaryKeyConstraint(`${table.name}_pkey` as never, [...table.key] as never[]),
    // Postgres names it after the table and the column, and differently if something has that name.
    createIndex: (table, column) => (indexes ? sql`create index on ${sql.table(table)} (${sql.ref(column)})` : null),
    lockTable: table => sql`lock table ${sql.table(table)} in access exclusive mode`,
    viewsHold: true,
    isRefusal,
    jsonAsText,
    jsonElements,
    jsonMember,
    finalize: async () => {},
    // Autovacuum makes the space of deleted rows free again.
    compact: async () => null,
    async rewrite(tables, signal) {
      const whenFree = (table: string): Promise<void> =>
        inTransaction(client =>
          withLockTimeout(client, async () => {
            await client.query(`lock table ${table} in access exclusive mode`)
          }),
        )
      const client = await connect().catch(error => {
        throw translate(error, target)
      })
      const stop = (): void => {
        void cut(client)
      }
      signal.addEventListener('abort', stop, { once: true })
      try {
        return await rewriteTables(client, schema, tables, whenFree, signal)
      } catch (error) {
        throw signal.aborted ? new Interrupted() : translate(error, target)
      } finally {
        signal.removeEventListener('abort', stop)
        client.release(signal.aborted)
      }
    },
    // A reader of Postgres sees what is committed, and waits for no writer.
    replaceReadCopy: async () => null,
    checkAccess: tables => checkAccess(options, target, tables),
    answer: (question, path, signal) => inTransaction(client => answer(client, question, path, signal, cancel)),
    describeColumns: schemas => inTransaction(client => describeColumns(client, schemas)),

    async lockHolders(schema) {
      try {
        const client = await connect()
        return await lockHolders(client, schema).finally(() => client.release())
      } catch (error) {
        throw translate(error, target)
      }
    },

    async [Symbol.asyncDispose]() {
      // Only a run that was interrupted leaves transactions open, and it waits for them no longer.
      for (const client of inUse) void cut(client)
      await lease.release()
      await pool.end()
    },
  }
}

/** Ends a connection at once: the server rolls back, unless it has already committed. */
async function cut(client: pg.PoolClient & Partial<Pick<pg.Client, 'end'>>): Promise<void> {
  await client.end?.().catch(() => {})
}

async function createTempTable(
  db: Kysely<SystemTables>,
  table: string,
  columns: readonly TableColumn[],
): Promise<void> {
  let create = db.schema.createTable(table).temporary().onCommit('drop')
  for (const { name, kind } of columns) create = create.addColumn(name, sql.raw(TYPES[kind].ddl) as never)
  await create.execute()
}

/** Plans other than an index scan. For a few rows a bitmap scan takes five times as long as an index scan. */
const OTHER_PLANS = ['enable_hashjoin', 'enable_mergejoin', 'enable_bitmapscan']

async function withIndexScans<T>(client: pg.PoolClient, work: () => Promise<T>): Promise<T> {
  const set = (to: string) => OTHER_PLANS.map(plan => `set local ${plan} to ${to}`).join('; ')
  await client.query(set('off'))
  const result = await work()
  await client.query(set('default'))
  return result
}

/** Kysely on one client, inside a transaction that the engine has started. */
function kyselyOn(client: pg.PoolClient): Kysely<SystemTables> {
  const query = client.query.bind(client) as pg.PoolClient['query']
  const single: PostgresPoolClient = { query, release: () => {} }
  const pool = { options: {}, connect: async () => single, end: async () => {} }
  return new Kysely({ dialect: new PostgresDialect({ pool }) })
}
