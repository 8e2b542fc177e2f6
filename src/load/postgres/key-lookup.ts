import { type Kysely, sql } from 'kysely'
import type { KeyColumn } from '../sql/engine.ts'
import type { KeyRange } from '../sql/key-ranges.ts'
import type { SystemTables } from '../sql/system-tables.ts'

/** Looks up one key in the index for each range and column. */
export async function mayContainKeys(
  db: Kysely<SystemTables>,
  columns: readonly KeyColumn[],
  ranges: readonly KeyRange[],
): Promise<readonly boolean[]> {
  const contained = columns.map(({ table, column }, index) => {
    // With `order by` and `limit 1` the planner uses the index, whatever it estimates for the range.
    const next = sql`
      select ${sql.ref(`t.${column}`)} from ${sql.table(table)} as t
      where ${sql.ref(`t.${column}`)} >= r.least order by ${sql.ref(`t.${column}`)} limit 1`
    return sql`coalesce(bool_or((${next}) <= r.greatest), false) as ${sql.ref(`contained_${index}`)}`
  })
  const ends = (end: keyof KeyRange) => sql`cast(${ranges.map(range => String(range[end]))} as bigint[])`
  const { rows } = await sql<Record<string, boolean>>`
    select ${sql.join(contained)} from unnest(${ends('least')}, ${ends('greatest')}) as r(least, greatest)`.execute(db)
  return columns.map((_, index) => rows[0]?.[`contained_${index}`] ?? true)
}
