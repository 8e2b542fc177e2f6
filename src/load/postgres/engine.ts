import { hostname } from 'node:os'
import { Kysely, PostgresDialect, type PostgresPoolClient, sql } from 'kysely'
import pg from 'pg'
import { DestinationError } from '../../common/errors.ts'
import type { RunId } from '../../common/model.ts'
import type { TableColumn } from '../../schema/table.ts'
import type { Engine } from '../sql/engine.ts'
import type { SystemTables } from '../sql/system-tables.ts'
import { append } from './append.ts'
import { translate } from './errors.ts'
import { mayContainKeys } from './key-lookup.ts'
import { lockHolders, withLockTimeout } from './locks.ts'
import { referencedTables } from './references.ts'
import { relationsIn } from './relations.ts'
import { TYPES } from './types.ts'

export interface PostgresOptions {
  /** `postgres://user:password@host:port/database`. */
  readonly url: string
  readonly schema: string
  /** Transactions that run side by side, at most. */
  readonly connections: number
}

/** The engine for Postgres. Connects when the first transaction starts, or the lock is acquired. */
export function openPostgres({ url, schema, connections }: PostgresOptions): Engine {
  const pool = new pg.Pool({ ...connectionOptions(url), max: connections, application_name: 'recharge-sync' })
  // The pool replaces an idle connection that the server closes; without a listener the error would end the process.
  pool.on('error', () => {})
  const configured = new WeakSet<pg.PoolClient>()
  let lock: pg.Client | null = null

  async function connect(): Promise<pg.PoolClient> {
    const client = await pool.connect()
    if (configured.has(client)) return client
    configured.add(client)
    // The pool listens only while a client is idle, but a connection can also break between two statements.
    client.on('error', () => {})
    try {
      await client.query(`set time zone 'UTC'`)
    } catch (error) {
      client.release(true)
      throw error
    }
    return client
  }

  return {
    async transaction(work) {
      try {
        const client = await connect()
        const db = kyselyOn(client)
        let broken: Error | boolean = false
        try {
          await client.query('begin')
          const result = await work({
            db,
            append: (target, columns, blocks) => append(client, target, columns, blocks),
            createTempTable: (table, columns) => createTempTable(db, table, columns),
            withIndexScans: work => withIndexScans(client, work),
            mayContainKeys: (columns, ranges) => mayContainKeys(db, columns, ranges),
            relations: schema => relationsIn(client, schema),
            referencedTables: schema => referencedTables(client, schema),
            withLockTimeout: work => withLockTimeout(client, work),
          })
          await client.query('commit')
          return result
        } catch (error) {
          await client.query('rollback').catch(() => {
            broken = true
          })
          throw error
        } finally {
          client.release(broken)
        }
      } catch (error) {
        throw translate(error)
      }
    },

    async acquireLock(run) {
      try {
        lock = await takeLock(url, schema, run)
      } catch (error) {
        throw translate(error)
      }
    },

    columnType: kind => sql.raw(TYPES[kind].ddl),
    catalogType: kind => TYPES[kind].inCatalog,
    withPrimaryKey: (create, table) =>
      create.addPrimaryKeyConstraint(`${table.name}_pkey` as never, [...table.key] as never[]),
    finalize: async () => {},

    async lockHolders(schema) {
      try {
        const client = await connect()
        return await lockHolders(client, schema).finally(() => client.release())
      } catch (error) {
        throw translate(error)
      }
    },

    async checkAccess() {
      try {
        const client = await connect()
        const { rows } = await client
          .query(
            `select coalesce(
               (select has_schema_privilege(oid, 'create') from pg_namespace where nspname = $1),
               has_database_privilege(current_database(), 'create')) as allowed`,
            [schema],
          )
          .finally(() => client.release())
        if (rows[0]?.allowed !== true)
          throw new DestinationError('denied', `this database user may not create tables in schema ${schema}`)
      } catch (error) {
        throw translate(error)
      }
    },

    async [Symbol.asyncDispose]() {
      await lock?.end().catch(() => {})
      await pool.end()
    },
  }
}

/** Keep-alive and a timeout, so that a server that vanishes without closing the connection is noticed. */
const connectionOptions = (url: string) => ({ connectionString: url, keepAlive: true, connectionTimeoutMillis: 15_000 })

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

/**
 * Takes an advisory lock for the schema, on a connection of its own: the server releases it when this process dies,
 * however it dies. The name of the connection tells other runs who has the lock.
 */
async function takeLock(url: string, schema: string, run: RunId): Promise<pg.Client> {
  const name = `recharge-sync ${run} pid ${process.pid} on ${hostname()}`.slice(0, 63)
  const client = new pg.Client({ ...connectionOptions(url), application_name: name })
  client.on('error', () => {})
  await client.connect()
  const key = [`recharge-sync`, schema]
  const attempt = await client.query('select pg_try_advisory_lock(hashtext($1), hashtext($2)) as taken', key)
  if (attempt.rows[0]?.taken === true) return client
  const holders = await client.query(
    `select a.application_name as name, a.backend_start::text as since
     from pg_locks l join pg_stat_activity a on a.pid = l.pid
     where l.locktype = 'advisory' and l.granted
       and l.database = (select oid from pg_database where datname = current_database())
       and l.classid::bigint = (hashtext($1)::bigint & 4294967295) and l.objid::bigint = (hashtext($2)::bigint & 4294967295)`,
    key,
  )
  await client.end()
  const { name: holder = 'another run', since = '' } = holders.rows[0] ?? {}
  throw new DestinationError('held', `schema ${schema} is being written by ${holder}${since && `, since ${since}`}`)
}
