import { sql } from 'kysely'
import { identifier } from '../../schema/name.ts'
import type { Retention } from '../../schema/stream.ts'
import { tablesOf } from '../../schema/table.ts'
import type { KeysInRange } from '../destination.ts'
import { keyAsText } from './as-text.ts'
import type { Context } from './context.ts'

/** `KeysInRange` for every database that has an `Engine`. */
export const createKeysInRange = ({ engine, schema, exists }: Context): KeysInRange => ({
  keysBetween: (stream, from, to) =>
    engine.transaction(async session => {
      const { root } = tablesOf(stream)
      const { retention } = stream
      if (retention === null || !(await exists(session, root.name))) return []
      const by = sql.ref(`t.${identifier(retention.by)}`)
      const { rows } = await sql<{ key: string }>`
        select ${keyAsText('t', root)} as key from ${sql.table(`${schema}.${root.name}`)} as t
        where ${by} >= cast(${from} as timestamptz) and ${by} <= cast(${to} as timestamptz)
          and t._deleted_at is null and ${appliesTo('t', retention)}
        order by 1`.execute(session.db)
      return rows.map(({ key }) => key)
    }),
})

/** Whether the retention applies to a row, by its state. */
function appliesTo(alias: string, { when = {} }: Retention) {
  const conditions = Object.entries(when).map(
    ([column, values]) => sql`${sql.ref(`${alias}.${identifier(column)}`)} in (${sql.join([...values])})`,
  )
  return conditions.length === 0 ? sql`true` : sql.join(conditions, sql` and `)
}
