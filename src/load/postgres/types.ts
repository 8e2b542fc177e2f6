import type { ColumnKind } from '../../schema/column.ts'

/** DDL of each kind, and how `information_schema.columns` shows it. */
export const TYPES: Readonly<Record<ColumnKind, { readonly ddl: string; readonly shownAs: string }>> = {
  int: { ddl: 'bigint', shownAs: 'bigint' },
  money: { ddl: 'decimal(18, 6)', shownAs: 'decimal(18,6)' },
  rate: { ddl: 'decimal(28, 10)', shownAs: 'decimal(28,10)' },
  instant: { ddl: 'timestamptz', shownAs: 'timestamp with time zone' },
  day: { ddl: 'date', shownAs: 'date' },
  flag: { ddl: 'boolean', shownAs: 'boolean' },
  text: { ddl: 'text', shownAs: 'text' },
  json: { ddl: 'jsonb', shownAs: 'jsonb' },
}
