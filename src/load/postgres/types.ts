import type { ColumnKind } from '../../schema/column.ts'

/** The type of each kind in DDL, and as `information_schema.columns` shows it. */
export const TYPES: Readonly<Record<ColumnKind, { readonly ddl: string; readonly inCatalog: string }>> = {
  int: { ddl: 'bigint', inCatalog: 'bigint' },
  money: { ddl: 'decimal(18, 6)', inCatalog: 'decimal(18,6)' },
  rate: { ddl: 'decimal(28, 10)', inCatalog: 'decimal(28,10)' },
  instant: { ddl: 'timestamptz', inCatalog: 'timestamp with time zone' },
  day: { ddl: 'date', inCatalog: 'date' },
  flag: { ddl: 'boolean', inCatalog: 'boolean' },
  text: { ddl: 'text', inCatalog: 'text' },
  json: { ddl: 'jsonb', inCatalog: 'jsonb' },
}
