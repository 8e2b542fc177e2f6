import type pg from 'pg'
import { Interrupted } from '../../common/errors.ts'

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

/**
 * Writes tables anew by VACUUM FULL: the old files, with dead rows, their long values and their indexes, are given back. The
 * statistics of the planner, which have values of columns, are made again and rewritten too.
 * @param client a connection that is in no transaction: VACUUM cannot run in one.
 * @param whenFree waits until nobody holds a table, and throws if somebody does: VACUUM would wait without end.
 * @returns what could not be rewritten, a sentence each.
 */
export async function rewriteTables(
  client: pg.ClientBase,
  schema: string,
  tables: readonly string[],
  whenFree: (table: string) => Promise<void>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { rows: existing } = await client.query<{ name: string }>(
    `select relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = $1 and c.relkind = 'r' and c.relname = any($2) order by 1`,
    [schema, tables],
  )
  for (const { name } of existing) {
    if (signal.aborted) throw new Interrupted()
    const table = `${quoted(schema)}.${quoted(name)}`
    await whenFree(table)
    await client.query(`vacuum (full, analyze) ${table}`)
  }
  const { rows } = await client.query<{ may: boolean }>(
    `select pg_has_role(datdba, 'usage') as may from pg_database where datname = current_database()`,
  )
  if (rows[0]?.may !== true)
    return [
      'Old statistics of the planner may still have values of the columns: the owner of the database removes them with VACUUM FULL pg_catalog.pg_statistic.',
    ]
  await client.query('vacuum (full) pg_catalog.pg_statistic')
  return []
}
