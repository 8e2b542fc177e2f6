import pg from 'pg'
import type { ViewProblem } from '../../common/run-report.ts'
import { STORE_COLUMN, type StoreRelation, unionOf } from '../sql/rollup/union.ts'
import { partsOf, ROLLUP_SCHEMA, type RollupReport, type RollupWanted } from '../sql/rollup/wanted.ts'
import { literal, quoted } from '../sql/views/quoted.ts'
import { connectionTo } from './connection.ts'
import { grantsOn } from './dependents.ts'
import { translate } from './errors.ts'

/** A view as the ledger has it. */
interface Made {
  readonly key: string
  readonly query: string
  /** Of the program that made it. */
  readonly version: string
  /** Statements that give its rights again. */
  readonly grants: readonly string[]
}

const LEDGER = `${quoted(ROLLUP_SCHEMA)}._rollup_views`
/** Stands for all fleets of a database: two that make the views at once would wait for each other. */
const LOCK = `select pg_advisory_xact_lock(hashtext('${ROLLUP_SCHEMA}'))`

/**
 * Makes the views over all stores in one database, in one transaction: those that are as they should be stay, others are
 * replaced in place and keep their rights. One that a user's own view stands on and that would lose a column is left.
 * @throws {DestinationError}
 */
export function rollUpPostgres(url: string, wanted: RollupWanted): Promise<RollupReport> {
  return inTransaction(url, async client => {
    await client.query(LOCK)
    const parts = partsOf(wanted)
    for (const { schema } of parts) await client.query(`create schema if not exists ${quoted(schema)}`)
    await client.query(
      `create table if not exists ${LEDGER} (key text primary key, query text not null, version text not null, grants text[] not null)`,
    )
    const ledger = await readLedger(client)
    const made: string[] = []
    const dropped: string[] = []
    const problems: ViewProblem[] = []
    const kept = new Set<string>()
    for (const { schema, ofStore, names } of parts) {
      const theirs = await relationsOf(
        client,
        wanted.stores.map(({ store, schema: own }) => [store, ofStore(own)] as const),
      )
      const ours = await columnsIn(client, schema)
      for (const [name, doc] of names) {
        const key = `${schema}.${name}`
        const before = ours.get(name)
        const union = unionOf(
          name,
          theirs.get(name) ?? [],
          before?.filter(column => column !== STORE_COLUMN),
        )
        if (union === null) continue
        kept.add(key)
        if (before && !ledger.has(key)) {
          problems.push(notOurs(key))
          continue
        }
        const known = ledger.get(key)
        if (before && known?.query === union.query && known.version === wanted.version) continue
        const create = `create or replace view ${quoted(schema)}.${quoted(name)} as ${union.query}`
        const comment = `comment on view ${quoted(schema)}.${quoted(name)} is ${literal(`Of all stores. ${doc}`)}`
        const problem = await attempt(client, key, async () => {
          const stays = before?.every((column, i) => union.columns[i] === column) ?? false
          const grants = before && !stays ? await grantsOn(client, schema, name) : (known?.grants ?? [])
          if (before && !stays) await client.query(`drop view ${quoted(schema)}.${quoted(name)}`)
          await client.query(create)
          await client.query(comment)
          if (!stays) for (const grant of grants) await client.query(grant)
          await record(client, { key, query: union.query, version: wanted.version, grants: [] })
        })
        if (problem) problems.push(problem)
        else made.push(key)
      }
    }
    for (const key of ledger.keys()) {
      if (kept.has(key)) continue
      const problem = await attempt(client, key, async () => {
        await client.query(`drop view if exists ${nameOf(key)}`)
        await client.query(`delete from ${LEDGER} where key = $1`, [key])
      })
      if (problem) problems.push(problem)
      else dropped.push(key)
    }
    return { place: `the schema ${ROLLUP_SCHEMA}`, script: null, made, dropped, problems }
  })
}

/**
 * Drops the views that another version of the program has made, and notes their rights: a store's columns may have to be
 * converted, which Postgres refuses while a view uses them. The next `rollUpPostgres` makes them again.
 * @returns the views that were dropped, or would be if a user's own view did not stand on them.
 * @throws {DestinationError}
 */
export function dropOutdatedRollup(url: string, version: string): Promise<readonly string[]> {
  return inTransaction(url, async client => {
    await client.query(LOCK)
    const { rows } = await client.query('select to_regclass($1) is not null as exists', [LEDGER])
    if (!rows[0]?.exists) return []
    const outdated = [...(await readLedger(client)).values()].filter(made => made.version !== version)
    for (const { key, ...made } of outdated) {
      const [schema = '', name = ''] = key.split('.')
      await attempt(client, key, async () => {
        const grants = [...made.grants, ...(await grantsOn(client, schema, name))]
        await client.query(`drop view if exists ${nameOf(key)}`)
        await record(client, { key, query: '', version: made.version, grants })
      })
    }
    return outdated.map(({ key }) => key)
  })
}

async function inTransaction<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const { options, target } = connectionTo(url, ROLLUP_SCHEMA)
  const client = new pg.Client(options)
  try {
    await client.connect()
    await client.query('begin')
    const result = await work(client)
    await client.query('commit')
    return result
  } catch (error) {
    throw translate(error, target)
  } finally {
    await client.end().catch(() => {})
  }
}

/** What one view makes fail leaves the others. */
async function attempt(client: pg.Client, key: string, work: () => Promise<void>): Promise<ViewProblem | null> {
  await client.query('savepoint one_view')
  try {
    await work()
    await client.query('release savepoint one_view')
    return null
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error
    await client.query('rollback to savepoint one_view')
    const isUsed = error.code === '2BP01'
    return {
      view: key,
      code: isUsed ? 'in_use' : 'refused',
      message: isUsed ? (`${error.message}: ${error.detail ?? ''}`.split('\n')[0] ?? '') : error.message,
      next: 'It is left as it was. Drop what stands on it, then run fleet rollup.',
    }
  }
}

async function readLedger(client: pg.Client): Promise<ReadonlyMap<string, Made>> {
  const { rows } = await client.query<Made>(`select key, query, version, grants from ${LEDGER}`)
  return new Map(rows.map(row => [row.key, row]))
}

async function record(client: pg.Client, { key, query, version, grants }: Made): Promise<void> {
  await client.query(
    `insert into ${LEDGER} (key, query, version, grants) values ($1, $2, $3, $4)
     on conflict (key) do update set query = excluded.query, version = excluded.version, grants = excluded.grants`,
    [key, query, version, grants],
  )
}

/** The tables and views of the stores by name, with the types of their columns. */
async function relationsOf(
  client: pg.Client,
  stores: readonly (readonly [store: string, schema: string])[],
): Promise<ReadonlyMap<string, readonly StoreRelation[]>> {
  const { rows } = await client.query<{ schema: string; name: string; columns: string[]; types: string[] }>(
    `select n.nspname as schema, c.relname as name, array_agg(a.attname::text order by a.attnum) as columns,
       array_agg(format_type(a.atttypid, a.atttypmod) order by a.attnum) as types
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     where n.nspname = any($1) and c.relkind in ('r', 'p', 'v', 'm') group by 1, 2`,
    [stores.map(([, schema]) => schema)],
  )
  const found = new Map<string, StoreRelation[]>()
  for (const [store, schema] of stores)
    for (const row of rows) {
      if (row.schema !== schema) continue
      const columns = new Map(row.columns.map((column, i) => [column, row.types[i] ?? 'text']))
      found.set(row.name, [
        ...(found.get(row.name) ?? []),
        { store, from: `${quoted(schema)}.${quoted(row.name)}`, columns },
      ])
    }
  return found
}

/** The columns of what is in a schema, in their order. */
async function columnsIn(client: pg.Client, schema: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const relations = await relationsOf(client, [['', schema]])
  return new Map([...relations].map(([name, [relation]]) => [name, [...(relation?.columns.keys() ?? [])]]))
}

const nameOf = (key: string): string => key.split('.').map(quoted).join('.')

const notOurs = (key: string): ViewProblem => ({
  view: key,
  code: 'not_ours',
  message: `${key} is there, and this program did not make it`,
  next: 'Rename or drop it, then run fleet rollup.',
})
