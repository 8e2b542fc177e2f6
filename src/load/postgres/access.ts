import pg from 'pg'
import { DestinationError } from '../../common/errors.ts'
import type { Target } from './connection.ts'
import { grantCreate, grantSchema, grantTables, grantTemp, translate } from './errors.ts'
import { wrongEncoding } from './lease.ts'

/** Milliseconds that the server may take to accept a connection, and to answer one query. */
const CONNECT_WITHIN = 5000
const ANSWER_WITHIN = 10_000
/** A statement of a large commit may take that long. */
const ENOUGH_MS = 60_000

interface Facts {
  readonly role: string
  readonly database: string
  readonly encoding: string
  readonly backend: number
  readonly schema: boolean
  readonly may_create: boolean
  readonly temporary: boolean
  readonly standby: boolean
  readonly read_only: boolean
  readonly timeout_ms: number
  readonly unwritable: readonly string[]
}

/**
 * Tries what a run needs on a connection of its own, in a transaction that is rolled back.
 * @param tables names of tables that a run writes to.
 * @returns what the user should know though it works.
 */
export async function checkAccess(
  options: pg.ClientConfig,
  target: Target,
  tables: readonly string[],
): Promise<readonly string[]> {
  const { schema } = target
  const client = new pg.Client({
    ...options,
    connectionTimeoutMillis: CONNECT_WITHIN,
    query_timeout: ANSWER_WITHIN,
  })
  client.on('error', () => {})
  try {
    await client.connect()
    // Not `begin`: what the server shows before is what a run would get.
    const { rows } = await client.query<Facts>(FACTS, [schema, [...tables]])
    const [facts] = rows
    if (!facts) return []
    refuse(facts, { ...target, user: facts.role, database: facts.database, schema })
    await client.query('begin')
    try {
      // The rights may be there, and a rule, a trigger or the disk against it.
      await client.query('create temporary table _recharge_sync_check (n int) on commit drop')
      if (!facts.schema) await client.query(`create schema ${quote(schema)}`)
      await client.query(`create table ${quote(schema)}._recharge_sync_check (n int)`)
    } finally {
      await client.query('rollback')
    }
    return notesOn(client, facts)
  } catch (error) {
    throw translate(error, target)
  } finally {
    await client.end().catch(() => {})
  }
}

const FACTS = `
  select current_user as role, current_database() as database, current_setting('server_encoding') as encoding,
    pg_backend_pid() as backend, s.oid is not null as schema,
    coalesce(has_schema_privilege(s.oid, 'create') and has_schema_privilege(s.oid, 'usage'),
      has_database_privilege(current_database(), 'create')) as may_create,
    has_database_privilege(current_database(), 'temporary') as temporary,
    pg_is_in_recovery() as standby, current_setting('transaction_read_only') = 'on' as read_only,
    (select setting::int from pg_settings where name = 'statement_timeout') as timeout_ms,
    array(select c.relname::text from pg_class c where c.relnamespace = s.oid and c.relname = any($2) and c.relkind in ('r', 'p')
      and not (has_table_privilege(c.oid, 'select') and has_table_privilege(c.oid, 'insert')
        and has_table_privilege(c.oid, 'update') and has_table_privilege(c.oid, 'delete')) order by 1) as unwritable
  from (select 1) as one left join pg_namespace as s on s.nspname = $1`

/** @throws {DestinationError} with what grants that which is missing. */
function refuse(facts: Facts, target: Target): void {
  const { schema } = target
  const { role, database, encoding, standby, read_only, temporary, may_create, unwritable } = facts
  if (encoding !== 'UTF8') throw wrongEncoding(database, encoding)
  if (standby)
    throw new DestinationError('read_only', `database ${database} is on a standby server, which takes no writes`)
  if (read_only)
    throw new DestinationError(
      'read_only',
      `transactions of role ${role} in database ${database} are read-only`,
      undefined,
      `Use a role that may write, or run: alter role ${quote(role)} set default_transaction_read_only = off; (a provider also sets it when the disk is full)`,
    )
  if (!temporary)
    throw new DestinationError(
      'no_temp',
      `role ${role} may not create temporary tables in database ${database}`,
      undefined,
      grantTemp(target),
    )
  if (!may_create)
    throw new DestinationError(
      'denied',
      facts.schema
        ? `role ${role} may not create tables in schema ${schema}`
        : `role ${role} may not create schema ${schema} in database ${database}`,
      undefined,
      facts.schema ? grantCreate(target) : grantSchema(target),
    )
  if (unwritable.length > 0)
    throw new DestinationError(
      'denied',
      `role ${role} may not read and write ${unwritable.length === 1 ? 'table' : 'tables'} ${unwritable.join(', ')} of schema ${schema}`,
      undefined,
      grantTables(target),
    )
}

function notesOn(client: pg.Client, { backend, timeout_ms, role }: Facts): readonly string[] {
  const notes: string[] = []
  // A pooler gives its own number to the client, and the query is answered by another process.
  if (Reflect.get(client, 'processID') !== backend)
    notes.push(
      'the address leads to a connection pooler, such as pgbouncer; that works, in its session mode and in its transaction mode',
    )
  if (timeout_ms > 0 && timeout_ms < ENOUGH_MS)
    notes.push(
      `statements are ended after ${timeout_ms / 1000} s; a large commit may take longer: alter role ${quote(role)} set statement_timeout = 0;`,
    )
  return notes
}

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`
