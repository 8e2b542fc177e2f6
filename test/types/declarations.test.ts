import { expect, expectTypeOf, test } from 'vitest'
import type { streams } from '../../schemas/index.ts'
import { instant, int, required, text } from '../../src/schema/column.ts'
import { stream } from '../../src/schema/define.ts'
import type { TablesOf } from '../../src/schema/row.ts'

/*
 * Most of this file is checked by `npm run typecheck`: a line under `@ts-expect-error` that compiles is an error there.
 */
const columns = {
  id: required(int('Key.')),
  name: text('Name.'),
  updated_at: instant('Cursor.'),
  made_at: instant('Made.'),
}
const rest = { name: 'things', singular: 'thing', doc: 'Things.', path: '/things', list: 'things', scopes: [] } as const

test('a declaration that makes no sense does not compile', () => {
  stream({ ...rest, key: 'id', sync: { mode: 'full' }, columns })
  // @ts-expect-error the key names a column
  expect(() => stream({ ...rest, key: 'no', sync: { mode: 'full' }, columns })).toThrow()
  // @ts-expect-error the key is never null
  expect(() => stream({ ...rest, key: 'name', sync: { mode: 'full' }, columns })).toThrow()
  const by = { mode: 'incremental', since: 'a', until: 'b', sorted: false } as const
  stream({ ...rest, key: 'id', sync: { ...by, cursor: 'updated_at' }, columns })
  const withMade = { ...columns, made_at: required(instant('Made.')) }
  // @ts-expect-error a record without a cursor is loaded
  expect(() => stream({ ...rest, key: 'id', sync: { ...by, cursor: 'made_at' }, columns: withMade })).toThrow()
  // @ts-expect-error the cursor is an instant
  expect(() => stream({ ...rest, key: 'id', sync: { ...by, cursor: 'id' }, columns })).toThrow()
  // @ts-expect-error a doc is required
  int()
  // @ts-expect-error a stream says how it is read
  expect(() => stream({ ...rest, key: 'id', columns })).toThrow()
})

test('who queries the warehouse knows its tables', () => {
  type Tables = TablesOf<typeof streams>
  expectTypeOf<Tables['charges']['id']>().toEqualTypeOf<string | bigint>()
  expectTypeOf<Tables['charges']['total_price']>().toEqualTypeOf<string | null>()
  expectTypeOf<Tables['orders']['is_prepaid']>().toEqualTypeOf<boolean | null>()
  expectTypeOf<Tables['charges__line_items']['charge_id']>().toEqualTypeOf<string | bigint>()
  expectTypeOf<Tables['charges__line_items']['index']>().toEqualTypeOf<string | bigint>()
  expectTypeOf<Tables['charges']['_deleted_at']>().toEqualTypeOf<Date | string | null>()
  // @ts-expect-error there is no such column
  type None = Tables['charges']['no_such_column']
  expectTypeOf<None>().toBeAny()
})
