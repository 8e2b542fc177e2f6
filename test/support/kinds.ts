import {
  anyText,
  type Column,
  type ColumnKind,
  day,
  flag,
  instant,
  int,
  json,
  money,
  rate,
  text,
} from '../../src/schema/column.ts'
import { child } from '../../src/schema/define.ts'
import type { Stream } from '../../src/schema/stream.ts'
import { parcels } from './samples.ts'

/** A column of each kind. */
export const COLUMN_OF: Readonly<Record<ColumnKind, Column>> = {
  int: int('Value.'),
  money: money('Value.'),
  rate: rate('Value.'),
  instant: instant('Value.'),
  day: day('Value.'),
  flag: flag('Value.'),
  text: text('Value.'),
  json: json('Value.'),
}

/** The column that a stored column of another kind is declared as later: a JSON column held values of any type. */
export const laterColumn = (from: ColumnKind, to: ColumnKind): Column =>
  from === 'json' && to === 'text' ? anyText('Value.') : COLUMN_OF[to]

/** A stream whose own table and list have the column `value`. */
export const parcelsOf = (name: string, value: Column): Stream => ({
  ...parcels,
  name,
  columns: { id: parcels.columns.id, updated_at: parcels.columns.updated_at, value },
  children: { items: child({ doc: 'What is inside.', from: 'items', columns: { value } }) },
})
