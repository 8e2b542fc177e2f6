import { sql } from 'kysely'
import type { ExistingRow } from '../../common/model.ts'
import { identifier } from '../../schema/name.ts'
import type { Stream } from '../../schema/stream.ts'
import { SOURCE, tablesOf } from '../../schema/table.ts'
import type { Session } from './engine.ts'
import { columnsOf } from './schema-changes.ts'
import { parseRowTime } from './stored-values.ts'

/**
 * Of the rows with these keys, those that exist, by key. For a stream with one key column; its table may be missing.
 * @throws {DestinationError} `unreadable`
 */
export async function existingRows(
  session: Session,
  schema: string,
  stream: Stream,
  keys: readonly string[],
): Promise<ReadonlyMap<string, ExistingRow>> {
  const { root } = tablesOf(stream)
  const stored = (await columnsOf(session, schema)).get(root.name)
  const [name = ''] = root.key
  if (stored === undefined || keys.length === 0) return new Map()
  const isNumber = root.columns.find(column => column.name === name)?.kind === 'int'
  const wanted = keys.map(key => (isNumber ? sql`cast(${key} as bigint)` : sql`${key}`))
  const key = sql.ref(name)
  const cursorName = stream.sync.mode === 'incremental' ? identifier(stream.sync.cursor) : null
  const cursor = cursorName === null ? sql`null` : sql.ref(cursorName)
  const { rows } = await sql<{
    key: string
    source: string | null
    deleted: string | null
    hash: string
    changed: string | null
  }>`
    select cast(${key} as text) as key, ${stored.has(SOURCE.name) ? sql.ref(SOURCE.name) : sql`null`} as source,
      cast(_deleted_at as text) as deleted, cast(_hash as text) as hash, cast(${cursor} as text) as changed
    from ${sql.table(`${schema}.${root.name}`)} where ${key} in (${sql.join(wanted)})`.execute(session.db)
  return new Map(
    rows.map(({ key, source, deleted, hash, changed }) => [
      key,
      { source, deleted: deleted !== null, hash, cursor: parseRowTime(changed, root.name, key, cursorName ?? '') },
    ]),
  )
}
