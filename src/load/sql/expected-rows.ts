import { sql } from 'kysely'
import { identifier } from '../../schema/name.ts'
import { SOURCE, tablesOf } from '../../schema/table.ts'
import type { ExpectedRows } from '../reconciliation.ts'
import { keyAsText } from './as-text.ts'
import { mayBeForgotten } from './comparable-rows.ts'
import type { Context } from './context.ts'

/** `ExpectedRows` for every database that has an `Engine`. */
export const createExpectedRows = ({ engine, schema }: Context): ExpectedRows => ({
  countExpected: (stream, { from, to }, now) =>
    engine.transaction(async ({ db }) => {
      const { sync, deletions } = stream
      if (sync.mode === 'full') return 0
      const { root } = tablesOf(stream)
      const cursor = sql.ref(`t.${identifier(sync.cursor)}`)
      const { absence, event } = deletions
      const conditions = [
        sql`${cursor} <= cast(${to} as timestamptz)`,
        ...(from === null ? [] : [sql`${cursor} >= cast(${from} as timestamptz)`]),
        sql`t._deleted_at is null and not ${mayBeForgotten('t', stream, now)}`,
        ...(typeof absence === 'object'
          ? [sql`lower(${sql.ref(`t.${identifier(absence.column)}`)}) is distinct from ${absence.value}`]
          : []),
        ...(event === undefined
          ? []
          : [
              sql`not exists (
                select 1 from ${sql.table(`${schema}._sync_tombstones`)} as s
                where s.type = ${event} and s.key = ${keyAsText('t', root)})`,
            ]),
        // What an export says of a record's last change need not be what the API says.
        ...(stream.export === null ? [] : [sql`${sql.ref(`t.${SOURCE.name}`)} is null`]),
      ]
      const { rows } = await sql<{ n: string }>`
        select cast(count(*) as text) as n from ${sql.table(`${schema}.${root.name}`)} as t
        where ${sql.join(conditions, sql` and `)}`.execute(db)
      return Number(rows[0]?.n ?? 0)
    }),
})
