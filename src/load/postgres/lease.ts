import { type Kysely, sql } from 'kysely'
import { DestinationError } from '../../common/errors.ts'
import type { RunId } from '../../common/model.ts'
import { isDead, type ProcessIdentity, thisProcess } from '../../common/process-identity.ts'
import type { Engine } from '../sql/engine.ts'
import type { SystemTables } from '../sql/system-tables.ts'

/*
 * One row that says which run may write to the schema, and until when. A lock of the session would need a session: behind
 * a pooler that lends its connections for one transaction, such a lock stays with the pooler's connection. The row needs
 * none. All its times are the database's.
 */

export interface LeaseTimes {
  readonly renewEveryMs: number
  /** How long the lease outlives its last renewal. */
  readonly expiresAfterMs: number
}

export const LEASE_TIMES: LeaseTimes = { renewEveryMs: 10_000, expiresAfterMs: 60_000 }

export interface Lease {
  /** Aborted when another run has the lease, or when it could not be renewed in time. The reason is a `DestinationError`. */
  readonly lost: AbortSignal
  /** @throws {DestinationError} `held`; `wrong_encoding` if the database cannot store every text. */
  acquire(run: RunId): Promise<void>
  /** Gives the lease back, so that the next run need not wait. */
  release(): Promise<void>
}

const TABLE = '_sync_lease'
const COMMENTS = {
  name: 'Always writer: the table has one row at most.',
  holder: 'The run that may write.',
  host: 'The machine that it runs on.',
  process: 'Its process, as other processes of that machine can recognise it.',
  since: 'When it got the lease, by the clock of the database.',
  expires_at:
    'When another run may take the lease, by the clock of the database. The holder moves it on while it lives.',
}

interface Holder {
  readonly run: string
  readonly process: ProcessIdentity
  readonly since: string
  readonly expiresAt: string
}

type Db = Kysely<SystemTables>

export function createLease(
  transaction: Engine['transaction'],
  schema: string,
  { renewEveryMs, expiresAfterMs }: LeaseTimes,
): Lease {
  const table = sql.table(`${schema}.${TABLE}`)
  const me = thisProcess()
  const ended = new AbortController()
  let held: RunId | null = null
  /** Whether this run has made the table, or the schema with it. */
  let made: 'table' | 'schema' | null = null
  let renewal: NodeJS.Timeout | undefined
  let deadline: NodeJS.Timeout | undefined
  let renewing: Promise<void> = Promise.resolve()
  let problem: unknown

  /** Writes the row if nobody has it, if its time is over, or if it is `own`. */
  async function take(db: Db, run: RunId, own: string | null): Promise<boolean> {
    const { rows } = await sql`
      insert into ${table} as l (name, holder, host, process, since, expires_at)
      values ('writer', ${run}, ${me.host}, cast(${JSON.stringify(me)} as jsonb), clock_timestamp(),
        clock_timestamp() + make_interval(secs => ${expiresAfterMs / 1000}))
      on conflict (name) do update set holder = excluded.holder, host = excluded.host, process = excluded.process,
        since = case when l.holder = excluded.holder then l.since else excluded.since end, expires_at = excluded.expires_at
      where l.expires_at <= clock_timestamp() or l.holder = ${own}
      returning 1`.execute(db)
    return rows.length > 0
  }

  async function holder(db: Db): Promise<Holder | null> {
    const { rows } = await sql<{ run: string; process: string; since: string; expires: string }>`
      select l.holder as run, cast(l.process as text) as process,
        to_char(l.since, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as since,
        to_char(l.expires_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as expires
      from ${table} as l`.execute(db)
    const [row] = rows
    return row ? { run: row.run, process: JSON.parse(row.process), since: row.since, expiresAt: row.expires } : null
  }

  const heldBy = (found: Holder | null): DestinationError => {
    if (found === null) return new DestinationError('held', `schema ${schema} is being written by another run`)
    const { run, process, since, expiresAt } = found
    return new DestinationError(
      'held',
      `schema ${schema} is being written by run ${run}, process ${process.pid} on ${process.host}, since ${since}`,
      undefined,
      `Wait until that run ends, or stop it; then run again. If its machine is gone, others may write from ${expiresAt} on.`,
    )
  }

  function lose(error: DestinationError): void {
    clearTimeout(renewal)
    clearTimeout(deadline)
    ended.abort(error)
  }

  /** From the moment before a renewal was sent: by the database's clock the lease ends later than here. */
  function extend(sentAt: number): void {
    clearTimeout(deadline)
    deadline = setTimeout(
      () => {
        const why = problem instanceof Error ? `: ${problem.message}` : ''
        const message = `the lease of schema ${schema} could not be renewed for ${expiresAfterMs / 1000} s${why}`
        lose(new DestinationError('lease_lost', message, problem))
      },
      Math.max(0, sentAt + expiresAfterMs - performance.now()),
    )
  }

  function renewLater(run: RunId): void {
    renewal = setTimeout(() => {
      renewing = renew(run).finally(() => {
        if (held !== null && !ended.signal.aborted) renewLater(run)
      })
    }, renewEveryMs)
  }

  async function renew(run: RunId): Promise<void> {
    const sentAt = performance.now()
    try {
      const other = await transaction(async ({ db }) => ((await take(db, run, run)) ? null : { by: await holder(db) }))
      if (other) return lose(heldBy(other.by))
      problem = undefined
      if (!ended.signal.aborted) extend(sentAt)
    } catch (error) {
      // Tried again at the next renewal, until the lease expires.
      problem = error
    }
  }

  return {
    lost: ended.signal,

    async acquire(run) {
      const sentAt = performance.now()
      await transaction(async ({ db }) => {
        made = await createMissing(db, schema)
        // Again if the holder is dead, or if the row is gone by the time it is read.
        for (let dead: string | null = null, tries = 1; !(await take(db, run, dead)); tries++) {
          const found = await holder(db)
          if (tries === 3 || (found !== null && !isDead(found.process))) throw heldBy(found)
          dead = found?.run ?? null
        }
      })
      held = run
      extend(sentAt)
      renewLater(run)
    },

    async release() {
      if (held === null) return
      const run = held
      held = null
      clearTimeout(renewal)
      // A renewal that is on its way would write the row again. If it hangs, the deadline ends it.
      await renewing
      clearTimeout(deadline)
      if (ended.signal.aborted) return
      try {
        await transaction(async ({ db }) => {
          await sql`delete from ${table} where holder = ${run}`.execute(db)
          if (made !== null) await dropUnused(db, schema, made)
        })
      } catch {
        // Others may write when the lease expires, or at once on this machine.
      }
    },
  }
}

const NAMESPACE = (schema: string) => sql`(select oid from pg_catalog.pg_namespace where nspname = ${schema})`
const hasTable = (schema: string, table: string) =>
  sql`exists (select from pg_catalog.pg_class where relnamespace = ${NAMESPACE(schema)} and relname = ${table})`

/** @throws {DestinationError} `wrong_encoding` */
async function createMissing(db: Db, schema: string): Promise<'table' | 'schema' | null> {
  const look = async () => {
    const { rows } = await sql<{ encoding: string; database: string; schema: boolean; table: boolean }>`
      select current_setting('server_encoding') as encoding, current_database() as database,
        ${NAMESPACE(schema)} is not null as "schema", ${hasTable(schema, TABLE)} as "table"`.execute(db)
    return rows[0]
  }
  const first = await look()
  if (first && first.encoding !== 'UTF8') throw wrongEncoding(first.database, first.encoding)
  if (first?.table) return null
  // Two first runs create one after the other: `if not exists` does not protect them from each other.
  await sql`select pg_advisory_xact_lock(hashtext('recharge-sync'), hashtext(${schema}))`.execute(db)
  const now = await look()
  if (now?.table) return null
  if (!now?.schema) await sql`create schema ${sql.id(schema)}`.execute(db)
  const table = sql.table(`${schema}.${TABLE}`)
  await sql`
    create table ${table} (name text primary key, holder text not null, host text not null, process jsonb not null,
      since timestamptz not null, expires_at timestamptz not null)`.execute(db)
  await sql`comment on table ${table} is 'The run that may write to this schema, while one is at work.'`.execute(db)
  for (const [column, comment] of Object.entries(COMMENTS))
    await sql`comment on column ${sql.id(schema, TABLE, column)} is ${sql.lit(comment)}`.execute(db)
  return now?.schema ? 'table' : 'schema'
}

export const wrongEncoding = (database: string, encoding: string): DestinationError =>
  new DestinationError(
    'wrong_encoding',
    `database ${database} has the encoding ${encoding}, which cannot store every text that Recharge sends`,
    undefined,
    `Make a database with UTF-8 and name it in the address: create database recharge encoding 'UTF8' template template0;`,
  )

/** A run that was refused before it made its tables leaves the database as it was. */
async function dropUnused(db: Db, schema: string, made: 'table' | 'schema'): Promise<void> {
  const { rows } = await sql<{ used: boolean; others: boolean }>`
    select ${hasTable(schema, '_sync_checkpoints')} as used,
      exists (select from ${sql.table(`${schema}.${TABLE}`)}) as others`.execute(db)
  if (rows[0]?.used || rows[0]?.others) return
  await sql`set local lock_timeout to '1s'`.execute(db)
  await sql`drop table ${sql.table(`${schema}.${TABLE}`)}`.execute(db)
  if (made === 'schema') await sql`drop schema ${sql.id(schema)}`.execute(db)
}
