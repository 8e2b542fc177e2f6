import type { DestinationConfig } from './destinations.ts'
import { withQuery } from './dump.ts'

/** Rows marked as deleted: how that was found, by key. */
export async function marked(config: DestinationConfig, table: string, key = 'id'): Promise<Record<string, string>> {
  const sql = `select cast("${key}" as text) as key, _deleted_by as by from "${config.schema}"."${table}"
    where _deleted_at is not null order by "${key}"`
  const rows = await withQuery(config, query => query(sql))
  return Object.fromEntries(rows.map(({ key: id, by }) => [String(id), String(by)]))
}

/** Keys of the rows that are not marked as deleted. */
export async function live(config: DestinationConfig, table: string, key = 'id'): Promise<readonly number[]> {
  const sql = `select cast("${key}" as text) as key from "${config.schema}"."${table}" where _deleted_at is null order by "${key}"`
  return (await withQuery(config, query => query(sql))).map(row => Number(row.key))
}
