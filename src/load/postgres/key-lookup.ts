import { type Kysely, sql } from 'kysely'
import type { KeyColumn } from '../sql/engine.ts'
import type { KeyRange } from '../sql/key-ranges.ts'
import type { SystemTables } from '../sql/system-tables.ts'

/** One look into an index for each range and column. */
export async function mayContainKeys(
  db: Kysely<SystemTables>,
  columns: readonly KeyColumn[],
  ranges: readonly KeyRange[],
): Promise<readonly boolean[]> {
  const held = columns.map(({ table, column }, index) => {
    // Asked for in order, it is the index that answers, whatever the planner thinks of the range.
    const next = sql`
      select ${sql.ref(`t.${column}`)} from ${sql.table(table)} as t
      where ${sql.ref(`t.${column}`)} >= r.least order by ${sql.ref(`t.${column}`)} limit 1`
    return sql`coalesce(bool_or((${next}) <= r.greatest), false) as ${sql.ref(`held_${index}`)}`
  })
  const ends = (end: keyof KeyRange) => sql`cast(${ranges.map(range => String(range[end]))} as bigint[])`
  const { rows } = await sql<Record<string, boolean>>`
    select ${sql.join(held)} from unnest(${ends('least')}, ${ends('greatest')}) as r(least, greatest)`.execute(db)
  return columns.map((_, index) => rows[0]?.[`held_${index}`] ?? true)
}
