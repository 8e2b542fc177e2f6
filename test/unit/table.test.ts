import { describe, expect, test } from 'vitest'
import { streams } from '../../schemas/index.ts'
import { type Column, flag, int, json, money, required, text } from '../../src/schema/column.ts'
import { child, stream } from '../../src/schema/define.ts'
import { LONGEST_NAME } from '../../src/schema/name.ts'
import type { Stream } from '../../src/schema/stream.ts'
import { allTables, CHILD_INDEX, SYSTEM_COLUMNS, schemaHashOf, tablesOf } from '../../src/schema/table.ts'

const given = {
  name: 'charges',
  singular: 'charge',
  doc: 'A charge.',
  path: '/charges',
  list: 'charges',
  scopes: [],
  key: 'id',
  sync: { mode: 'full' },
} as const
const columns = { id: required(int('Key.')), customer_id: int('Owner.', 'customer.id'), total: money('Total.') }
const lines = { sku: text('SKU.'), price: money('Price.') }

const charges = stream({
  ...given,
  columns,
  children: {
    lines: child({ doc: 'A line.', from: 'lines', columns: lines }),
    codes: child({ doc: 'A code.', from: 'codes', columns: { code: text('Code.') } }),
  },
})

test('a table has the declared columns in their order, then the system columns', () => {
  const { root } = tablesOf(charges)
  expect(root).toMatchObject({ name: 'charges', doc: 'A charge.', key: ['id'] })
  expect(root.columns.map(({ name, kind, required: must }) => [name, kind, must])).toEqual([
    ['id', 'int', true],
    ['customer_id', 'int', false],
    ['total', 'money', false],
    ['_synced_at', 'instant', true],
    ['_deleted_at', 'instant', false],
    ['_deleted_by', 'text', false],
    ['_extra', 'json', false],
    ['_hash', 'int', true],
  ])
  expect(root.columns[1]?.doc).toBe('Owner.')
})

test('a list has a table with the owner and the position first, and without system columns', () => {
  const { children } = tablesOf(charges)
  expect(children.map(({ child: name, table }) => [name, table.name, table.key])).toEqual([
    ['lines', 'charges__lines', ['charge_id', 'index']],
    ['codes', 'charges__codes', ['charge_id', 'index']],
  ])
  expect(children[0]?.table.columns.map(({ name, kind, required: must }) => [name, kind, must])).toEqual([
    ['charge_id', 'int', true],
    ['index', 'int', true],
    ['sku', 'text', false],
    ['price', 'money', false],
  ])
})

test('the owner column of a list has the kind of the key', () => {
  const named = stream({
    ...given,
    key: 'code',
    columns: { code: required(text('Key.')) },
    children: { lines: child({ doc: 'A line.', from: 'lines', columns: lines }) },
  })
  expect(tablesOf(named).children[0]?.table.columns[0]).toMatchObject({
    name: 'charge_id',
    kind: 'text',
    required: true,
  })
})

test("all tables are the stream's own and those of its lists", () => {
  expect(allTables(charges).map(({ name }) => name)).toEqual(['charges', 'charges__lines', 'charges__codes'])
})

test('the same stream has the same tables', () => {
  expect(tablesOf(charges)).toBe(tablesOf(charges))
})

test('long names are shortened in tables, columns and keys', () => {
  const long = 'a'.repeat(70)
  const { root, children } = tablesOf(
    stream({
      ...given,
      name: long,
      singular: long,
      key: long,
      columns: { [long]: required(int('Key.')) },
      children: { [`${long}s`]: child({ doc: 'A line.', from: `${long}s`, columns: { [long]: text('A text.') } }) },
    }),
  )
  const table = children[0]?.table
  const names = [root.name, ...root.key, ...root.columns.map(c => c.name), table?.name ?? '', ...(table?.key ?? [])]
  for (const name of names) expect(name.length).toBeLessThanOrEqual(LONGEST_NAME)
  expect(root.columns[0]?.name).toBe(root.key[0])
  expect(table?.columns[0]?.name).toBe(table?.key[0])
  expect(new Set([root.name, table?.name, table?.key[0]]).size).toBe(3)
})

describe('the schema hash', () => {
  const base = stream({ ...given, columns, children: { lines: { doc: 'A line.', from: 'lines', columns: lines } } })
  const CHANGES: readonly (readonly [string, Stream])[] = [
    ['a column more', stream({ ...given, columns: { ...columns, more: flag('More.') }, children: base.children })],
    ['a column less', stream({ ...given, columns: { id: columns.id, total: columns.total }, children: base.children })],
    [
      'a column of another kind',
      stream({ ...given, columns: { ...columns, total: json('Total.') }, children: base.children }),
    ],
    [
      'a list more',
      stream({
        ...given,
        columns,
        children: { ...base.children, more: { doc: 'A list.', from: 'more', columns: {} } },
      }),
    ],
    ['a list less', stream({ ...given, columns })],
    [
      'a column more in a list',
      stream({
        ...given,
        columns,
        children: { lines: { doc: 'A line.', from: 'lines', columns: { ...lines, more: text('More.') } } },
      }),
    ],
    ['another name', stream({ ...given, name: 'payments', columns, children: base.children })],
    [
      'another key',
      stream({
        ...given,
        columns: { ...columns, customer_id: required(int('Owner.', 'customer.id')) },
        key: ['id', 'customer_id'],
      }),
    ],
  ]

  test.each(CHANGES)('changes with %s', (_what, changed) => {
    expect(schemaHashOf(changed)).not.toBe(schemaHashOf(base))
  })

  test('does not change with another description', () => {
    const described = stream({
      ...given,
      doc: 'Another.',
      columns: { ...columns, id: required(int('Id.')) },
      children: base.children,
    })
    expect(schemaHashOf(described)).toBe(schemaHashOf(base))
    expect(schemaHashOf(base)).toMatch(/^[0-9a-f]{16}$/)
  })
})

describe('the declared streams', () => {
  const tables = streams.flatMap(declared => [...allTables(declared)])

  test('no two tables share a name', () => {
    const names = tables.map(({ name }) => name)
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([])
  })

  test.each(tables.map(table => [table.name, table] as const))('%s: fits both databases', (_name, table) => {
    const names = table.columns.map(({ name }) => name)
    expect(new Set(names.map(name => name.toLowerCase())).size).toBe(names.length)
    for (const name of [table.name, ...names]) expect(Buffer.byteLength(name)).toBeLessThanOrEqual(LONGEST_NAME)
    for (const key of table.key) expect(table.columns.find(({ name }) => name === key)?.required).toBe(true)
    expect(table.columns.every(({ doc }) => doc.endsWith('.'))).toBe(true)
  })
})

test('system columns have docs, and the position in a list has a name', () => {
  expect(Object.keys(SYSTEM_COLUMNS)).toEqual(['_synced_at', '_deleted_at', '_deleted_by', '_extra', '_hash'])
  expect(CHILD_INDEX).toBe('index')
})

test('a stream that stores less of a column has another schema hash, and one with an inferred column has the same', () => {
  const stored = (more: Partial<Column>): Stream => ({
    ...charges,
    columns: { ...charges.columns, total: { ...charges.columns.total, ...more } },
  })
  expect(schemaHashOf(stored({}))).toBe(schemaHashOf(charges))
  expect(schemaHashOf(stored({ policy: 'omit' }))).not.toBe(schemaHashOf(charges))
  expect(
    schemaHashOf({ ...charges, columns: { ...charges.columns, tier: { ...charges.columns.total, inferred: true } } }),
  ).toBe(schemaHashOf(charges))
})
