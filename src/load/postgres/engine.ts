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
import { TYPES } from './types.ts'

export interface PostgresOptions {
  /** `postgres://user:password@host:port/database`. */
  readonly url: string
  readonly schema: string
  /** Transactions at once. */
  readonly connections: number
}

/** @throws {DestinationError} when the database cannot be reached. */
export function openPostgres({ url, schema, connections }: PostgresOptions): Engine {
  const pool = new pg.Pool({ ...line(url), max: connections, application_name: 'recharge-sync' })
  // An idle connection that the server closes is replaced by the pool; without a listener it would end the process.
  pool.on('error', () => {})
  const known = new WeakSet<pg.PoolClient>()
  let holder: pg.Client | null = null

  async function connect(): Promise<pg.PoolClient> {
    const client = await pool.connect()
    if (known.has(client)) return client
    known.add(client)
    // The pool listens only while a client is idle, and a connection may also break between two statements.
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
            append: (into, columns, blocks) => append(client, into, columns, blocks),
            createTempTable: (table, columns) => createTempTable(db, table, columns),
            withIndexScans: work => withIndexScans(client, work),
            mayContainKeys: (columns, ranges) => mayContainKeys(db, columns, ranges),
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
        holder = await takeLock(url, schema, run)
      } catch (error) {
        throw translate(error)
      }
    },

    columnType: kind => sql.raw(TYPES[kind].ddl),
    shownAs: kind => TYPES[kind].shownAs,
    constrain: (create, table) =>
      create.addPrimaryKeyConstraint(`${table.name}_pkey` as never, [...table.key] as never[]),
    finalize: async () => {},

    async checkAccess() {
      try {
        const client = await connect()
        const { rows } = await client
          .query(
            `select coalesce(
               (select has_schema_privilege(oid, 'create') from pg_namespace where nspname = $1),
               has_database_privilege(current_database(), 'create')) as may`,
            [schema],
          )
          .finally(() => client.release())
        if (rows[0]?.may !== true) throw new DestinationError('denied', `this user may not create in schema ${schema}`)
      } catch (error) {
        throw translate(error)
      }
    },

    async [Symbol.asyncDispose]() {
      await holder?.end().catch(() => {})
      await pool.end()
    },
  }
}

/** A server that vanishes without a word is noticed, and not waited for. */
const line = (url: string) => ({ connectionString: url, keepAlive: true, connectionTimeoutMillis: 15_000 })

async function createTempTable(
  db: Kysely<SystemTables>,
  table: string,
  columns: readonly TableColumn[],
): Promise<void> {
  let create = db.schema.createTable(table).temporary().onCommit('drop')
  for (const { name, kind } of columns) create = create.addColumn(name, sql.raw(TYPES[kind].ddl) as never)
  await create.execute()
}

/** Ways to rows that are not by their keys, or not straight: a bitmap of a few rows takes five times as long as they do. */
const OTHER_WAYS = ['enable_hashjoin', 'enable_mergejoin', 'enable_bitmapscan']

async function withIndexScans<T>(client: pg.PoolClient, work: () => Promise<T>): Promise<T> {
  const setting = (to: string) => OTHER_WAYS.map(way => `set local ${way} to ${to}`).join('; ')
  await client.query(setting('off'))
  const result = await work()
  await client.query(setting('default'))
  return result
}

/** Kysely on one client, inside a transaction that the engine has begun. */
function kyselyOn(client: pg.PoolClient): Kysely<SystemTables> {
  const query = client.query.bind(client) as pg.PoolClient['query']
  const only: PostgresPoolClient = { query, release: () => {} }
  const pool = { options: {}, connect: async () => only, end: async () => {} }
  return new Kysely({ dialect: new PostgresDialect({ pool }) })
}

/**
 * A session lock for the schema, on a connection of its own: the server lets it go when this process dies, however it
 * dies. The connection's name says who holds it.
 */
async function takeLock(url: string, schema: string, run: RunId): Promise<pg.Client> {
  const name = `recharge-sync ${run} pid ${process.pid} on ${hostname()}`.slice(0, 63)
  const client = new pg.Client({ ...line(url), application_name: name })
  client.on('error', () => {})
  await client.connect()
  const key = [`recharge-sync`, schema]
  const taken = await client.query('select pg_try_advisory_lock(hashtext($1), hashtext($2)) as taken', key)
  if (taken.rows[0]?.taken === true) return client
  const held = await client.query(
    `select a.application_name as name, a.backend_start::text as since
     from pg_locks l join pg_stat_activity a on a.pid = l.pid
     where l.locktype = 'advisory' and l.granted
       and l.database = (select oid from pg_database where datname = current_database())
       and l.classid::bigint = (hashtext($1)::bigint & 4294967295) and l.objid::bigint = (hashtext($2)::bigint & 4294967295)`,
    key,
  )
  await client.end()
  const { name: by = 'another run', since = '' } = held.rows[0] ?? {}
  throw new DestinationError('held', `schema ${schema} is being written by ${by}${since && `, since ${since}`}`)
}
