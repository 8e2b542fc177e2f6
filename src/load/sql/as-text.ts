import { type RawBuilder, sql } from 'kysely'
import type { Table } from '../../schema/table.ts'

/** Between the parts of a key, as in `FlatRecord.key`. */
export const KEY_SEPARATOR = '\u001f'

/** A column as text, which both drivers return alike; they return other types in their own ways. */
export const asText = (column: string): RawBuilder<string> => sql<string>`cast(${sql.ref(column)} as text)`

/** The key of a row of `alias` as one text, in the form of `FlatRecord.key`. */
export const keyAsText = (alias: string, { key }: Table): RawBuilder<string> =>
  sql<string>`${sql.join(
    key.map(name => asText(`${alias}.${name}`)),
    sql` || chr(31) || `,
  )}`
