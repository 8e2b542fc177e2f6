import { sql } from 'kysely'
import { parseInstant } from '../../common/instant.ts'
import type { ExistingRow } from '../../common/model.ts'
import { identifier } from '../../schema/name.ts'
import type { Stream } from '../../schema/stream.ts'
import { SOURCE, tablesOf } from '../../schema/table.ts'
import type { Session } from './engine.ts'
import { columnsOf } from './schema-changes.ts'

/** The rows that are there of the given keys. Of a stream with one key column; its table need not be there. */
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
  const cursor = stream.sync.mode === 'incremental' ? sql.ref(identifier(stream.sync.cursor)) : sql`null`
  const { rows } = await sql<{
    key: string
    source: string | null
    gone: string | null
    hash: string
    at: string | null
  }>`
    select cast(${key} as text) as key, ${stored.has(SOURCE.name) ? sql.ref(SOURCE.name) : sql`null`} as source,
      cast(_deleted_at as text) as gone, cast(_hash as text) as hash, cast(${cursor} as text) as at
    from ${sql.table(`${schema}.${root.name}`)} where ${key} in (${sql.join(wanted)})`.execute(session.db)
  return new Map(
    rows.map(({ key: of, source, gone, hash, at }) => [
      of,
      { source, deleted: gone !== null, hash, cursor: at === null ? null : parseInstant(at, 'UTC') },
    ]),
  )
}
