import { expect, test } from 'vitest'
import { STREAMS } from '../../src/cli/app.ts'
import { withPolicies } from '../../src/schema/policy.ts'
import { Salt } from '../../src/schema/salt.ts'
import type { Stream } from '../../src/schema/stream.ts'
import { allTables, type Table } from '../../src/schema/table.ts'

const tables = STREAMS.flatMap(allTables)
const tableOf = (name: string, of: readonly Table[] = tables): Table => {
  const table = of.find(table => table.name === name)
  if (!table) throw new Error(`there is no table ${name}`)
  return table
}

/** As issues and analysts name them. */
const LOOKED_UP = [
  'customer_id',
  'address_id',
  'charge_id',
  'order_id',
  'subscription_id',
  'purchase_item_id',
  'object_id',
  'updated_at',
  '_synced_at',
]

test.each(LOOKED_UP)('every table with a column %s has an index on it', column => {
  const having = tables.filter(({ columns }) => columns.some(({ name }) => name === column))
  expect(having.length).toBeGreaterThan(0)
  for (const { name, key, indexed = [] } of having)
    expect([name, key[0] === column || indexed.includes(column)]).toEqual([name, true])
})

test('the key of a list begins with its owner, so it needs no other index on it', () => {
  for (const stream of STREAMS)
    for (const { key, indexed } of allTables(stream).slice(1)) {
      expect(key[0]).toBe(`${stream.singular}_id`)
      expect(indexed).not.toContain(key[0])
    }
})

test('the cursor of a stream has an index, whatever its name', () => {
  expect(tableOf('events').indexed).toContain('created_at')
  expect(tableOf('orders').indexed).not.toContain('created_at')
})

test('ids of other systems, omitted columns and inferred columns have none', () => {
  expect(tableOf('charges').indexed).toEqual(['address_id', 'customer_id', 'updated_at', '_synced_at'])
  const charges = STREAMS.find(({ name }) => name === 'charges') as Stream
  const policies = { sensitive: 'hash', onMismatch: 'null', drift: 'capture' } as const
  const omitting = withPolicies(charges, { ...policies, columns: { charges: { address_id: 'omit' } } }, new Salt())
  expect(tableOf('charges', allTables(omitting)).indexed).toEqual(['customer_id', 'updated_at', '_synced_at'])
  const { address_id } = charges.columns
  const evolved = { ...charges, columns: { ...charges.columns, batch_id: { ...address_id, inferred: true } } } as Stream
  expect(tableOf('charges', allTables(evolved)).columns.map(({ name }) => name)).toContain('batch_id')
  expect(tableOf('charges', allTables(evolved)).indexed).not.toContain('batch_id')
})
