import { readdirSync, readFileSync } from 'node:fs'
import { parse } from 'csv-parse/sync'
import { describe, expect, test } from 'vitest'
import { fivetranViews } from '../../schemas/views/fivetran/index.ts'
import { openDestination } from '../../src/load/open.ts'
import { DESTINATIONS, type DestinationConfig } from '../support/destinations.ts'
import { withQuery } from '../support/dump.ts'
import { makeViews, withFixture } from '../support/views.ts'

const FOLDER = new URL('../fixtures/analytics/fivetran/', import.meta.url)

const makeFivetranViews = (destination: DestinationConfig) => makeViews(destination, { views: fivetranViews })

type Row = Readonly<Record<string, string | null>>

/** The rows of a view, each value as its text, in the order of its grain. */
async function rowsOf(
  sql: (statement: string) => Promise<Record<string, unknown>[]>,
  name: string,
): Promise<readonly Row[]> {
  const found = fivetranViews.find(view => view.name === name)
  if (found === undefined) throw new Error(`there is no view ${name}`)
  const texts = Object.keys(found.columns).map(column => `cast("${column}" as text) as "${column}"`)
  const order = found.grain.map(column => `v."${column}"`).join(', ')
  return (await sql(`select ${texts.join(', ')} from recharge_fivetran."${name}" as v order by ${order}`)) as Row[]
}

/** One form of a value: decimals to four digits, JSON parsed; times of the files and of both databases agree already. */
function canonical(value: string | null): unknown {
  if (value === null || value === '') return null
  if (/^-?\d+(\.\d+)?$/.test(value)) return Math.round(Number(value) * 10_000) / 10_000
  if (/^[[{]/.test(value)) return JSON.parse(value)
  return value
}

const byGrain = (rows: readonly Row[], grain: readonly string[]): readonly Row[] => {
  const keyOf = (row: Row): string => grain.map(name => String(row[name]).padStart(25)).join()
  return [...rows].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
}

const texts = new Map<string, string>()

describe.each(DESTINATIONS)('$name', place => {
  test('the ten files of rows equal the views cell by cell; other rules hold too', () =>
    withFixture(place, async (sql, destination) => {
      await makeFivetranViews(destination)
      const files = readdirSync(FOLDER)
      expect(files).toHaveLength(10)
      for (const file of files) {
        const name = file.replace('.csv', '')
        const grain = fivetranViews.find(view => view.name === name)?.grain ?? []
        const expected = parse(readFileSync(new URL(file, FOLDER)), { columns: true }) as Row[]
        const actual = await rowsOf(sql, name)
        const form = (rows: readonly Row[]) =>
          byGrain(rows, grain).map(({ _fivetran_synced: _, ...row }) =>
            Object.fromEntries(Object.entries(row).map(([column, value]) => [column, canonical(value)])),
          )
        expect(form(actual), name).toEqual(form(expected))
        // The file has one time for all; the views have that of the row.
        expect(
          actual.filter(row => !row._fivetran_synced),
          name,
        ).toEqual([])
      }
    }))

  test('nothing is rounded, JSON is the same text, gone rows leave charges and orders only, and ids that are no numbers are null', () =>
    withFixture(place, async (sql, destination) => {
      const change = (statement: string) => withQuery(destination, query => query(statement))
      await change(`update recharge.charges__tax_lines set rate = 0.08875, price = 1.234567 where charge_id = 5001`)
      await change(
        `insert into recharge.charges__order_attributes (charge_id, "index", name, value) values (5001, 1, 'gift', 'no'), (5001, 2, 'a "b" \\ü/é', null), (5002, 0, 'two
lines', '{"a": 1}')`,
      )
      await change(`insert into recharge.addresses__discounts (address_id, "index", id) values (2001, 1, 9001)`)
      await change(
        `insert into recharge.orders__tax_lines (order_id, "index", rate) select id, 7, 0 from recharge.orders where id = 6001`,
      )
      await change(`update recharge.customers set external_customer_id_ecommerce = 'gid-7' where id = 1001`)
      await change(
        `update recharge.customers set external_customer_id_ecommerce = '12345678901234567890' where id = 1002`,
      )
      const gone = `set _deleted_at = timestamp '2025-04-02 00:00:00' at time zone 'UTC'`
      await change(`update recharge.customers ${gone} where id = 1003`)
      await change(`update recharge.addresses ${gone} where id = 2001`)
      await change(`update recharge.charges ${gone} where id = 5004`)
      await change(`update recharge.orders ${gone} where id = 6002`)
      await change(`update recharge.subscriptions ${gone} where id = 3001`)
      // A moved next charge that did not count as a change, and a version that only the current row has.
      await change(`update recharge.subscriptions set next_charge_scheduled_at = date '2025-05-01' where id = 3003`)
      await change(
        `update recharge.subscriptions set price = 41, updated_at = timestamp '2025-04-01 00:00:00' at time zone 'UTC' where id = 3004`,
      )
      await makeFivetranViews(destination)

      const [tax] = await rowsOf(sql, 'charge_tax_line')
      expect(Number(tax?.rate)).toBe(0.08875)
      expect(Number(tax?.price)).toBe(1.234567)
      const charges = await rowsOf(sql, 'charge')
      expect(Number(charges.find(({ id }) => id === '5001')?.tax_lines)).toBe(1.234567)

      const attributes = (await rowsOf(sql, 'charge_order_attribute')).map(row => row.order_attribute)
      expect(attributes).toEqual([
        '{"name": "gift", "value": "no"}',
        '{"name": "gift", "value": "no"}',
        '{"name": "a \\"b\\" \\\\ü/é", "value": null}',
        '{"name": "two\\nlines", "value": "{\\"a\\": 1}"}',
      ])

      const customers = await rowsOf(sql, 'customer')
      expect(
        customers.map(row => [row.id, row.external_customer_id_ecommerce, row._fivetran_deleted]).slice(0, 4),
      ).toEqual([
        ['1001', null, 'false'],
        ['1002', null, 'false'],
        ['1003', '7000000001003', 'true'],
        ['1004', '7000000001004', 'false'],
      ])
      expect(charges.some(({ id }) => id === '5004')).toBe(false)
      for (const child of ['charge_line_item', 'charge_tax_line'])
        expect((await rowsOf(sql, child)).some(row => row.charge_id === '5004')).toBe(false)
      expect((await rowsOf(sql, 'checkout')).length).toBe(charges.length)
      expect((await rowsOf(sql, 'orders')).some(({ id }) => id === '6002')).toBe(false)
      expect((await rowsOf(sql, 'order_line_item')).some(row => row.order_id === '6002')).toBe(false)
      expect((await rowsOf(sql, 'subscription')).find(({ id }) => id === '3001')?._fivetran_deleted).toBe('true')
      expect((await rowsOf(sql, 'address_discounts')).map(row => [row.address_id, row._fivetran_deleted])).toEqual([
        ['2001', 'true'],
        ['2001', 'true'],
      ])

      const history = (await rowsOf(sql, 'subscription_history')).map(row =>
        [
          row.subscription_id,
          row.updated_at,
          Number(row.price),
          row.next_charge_scheduled_at?.slice(0, 10),
          row._fivetran_deleted,
        ].join(' '),
      )
      expect(history.filter(line => /^300[134]/.test(line))).toEqual([
        '3001 2025-01-10 09:00:00 25 2025-02-10 true',
        '3001 2025-03-10 08:00:00 30 2025-04-10 true',
        '3003 2025-01-15 11:00:00 90 2025-05-01 false',
        '3004 2025-03-22 00:00:00 40 2025-03-21 false',
        '3004 2025-04-01 00:00:00 41 2025-03-21 false',
      ])

      const all = Object.fromEntries(
        await Promise.all(
          fivetranViews.map(async ({ name }) => {
            const rows = []
            for (const { _fivetran_synced: _, ...row } of await rowsOf(sql, name)) rows.push(row)
            return [name, rows] as const
          }),
        ),
      )
      texts.set(place.name, JSON.stringify(all, null, 1))
    }))

  test('a view for analysts is kept as a table, and the one of the same name in this layout is not', () =>
    withFixture(place, async (sql, destination) => {
      const { refreshed } = await makeViews(destination, { materialize: { add: ['orders'], except: [] } })
      expect(refreshed).toEqual(['recharge_analytics.orders'])
      expect((await rowsOf(sql, 'orders')).map(({ id }) => id)).toContain('6001')
      expect(await sql('select id from recharge_analytics.orders where id = 6001')).toHaveLength(1)
    }))

  test('streams that were never read give empty views with the right types', () =>
    place.with(async destination => {
      {
        await using warehouse = await openDestination(destination, { mode: 'write', connections: 1 })
        await warehouse.prepare([])
      }
      await makeFivetranViews(destination)
      await withQuery(destination, async sql => {
        for (const { name, columns } of fivetranViews) {
          expect(await sql(`select * from recharge_fivetran."${name}"`)).toEqual([])
          const types = await sql(
            `select column_name as name, lower(data_type) as type from information_schema.columns where table_schema = 'recharge_fivetran' and table_name = '${name}'`,
          )
          expect(types).toHaveLength(Object.keys(columns).length)
          for (const type of types)
            expect(
              TYPES[columns[String(type.name)]?.kind ?? '']?.test(String(type.type)),
              `${name}.${type.name} ${type.type}`,
            ).toBe(true)
        }
      })
    }))
})

const TYPES: Readonly<Record<string, RegExp>> = {
  int: /^bigint$/,
  text: /^(text|varchar)$/,
  money: /^(numeric|decimal\(18,6\))$/,
  rate: /^(numeric|decimal\(28,10\))$/,
  flag: /^boolean$/,
  time: /^timestamp( without time zone)?$/,
}

test('both databases give the same text in every cell', () => {
  const [one, other] = [...texts.values()]
  expect(texts.size).toBe(DESTINATIONS.length)
  expect(one).toBe(other)
})
