import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Value } from '../../src/common/model.ts'
import { openDestination } from '../../src/load/open.ts'
import type { Columns } from '../../src/schema/column.ts'
import { allTables } from '../../src/schema/table.ts'
import { coercion } from '../../src/transform/coerce.ts'
import { DESTINATIONS } from '../support/destinations.ts'
import { dump } from '../support/dump.ts'
import { at, batchOf, moved, parcels } from '../support/samples.ts'

const digits = (most: number) =>
  fc
    .integer({ min: 1, max: most })
    .chain(n => fc.bigInt({ min: 0n, max: 10n ** BigInt(n) - 1n }))
    .map(String)
const decimal = (whole: number, fraction: number) =>
  fc
    .tuple(fc.constantFrom('', '-'), digits(whole), digits(fraction))
    .map(([sign, before, after]) => `${sign}${before}.${after.padStart(fraction, '0')}`)
const words = fc.string({ unit: 'grapheme', maxLength: 40 }).filter(s => s.isWellFormed() && !s.includes('\0'))
const parcel = fc.record({
  label: fc.oneof(fc.constantFrom('', 'twelve bytes', 'thirteen byte', 'é'.repeat(6), 'x'.repeat(300_000)), words),
  price: fc.oneof(
    fc.constantFrom('0', '-0.000001', '999999999999.999999', '-999999999999.999999', '10000', '0.0001', 12.5),
    decimal(12, 6),
  ),
  share: fc.oneof(fc.constantFrom('0E-10', '999999999999999999.9999999999', '-0.0000000001'), decimal(18, 10)),
  due: fc.constantFrom('0001-01-01', '1969-12-31', '2000-02-29', '9999-12-31', null),
  sent: fc.option(fc.boolean()),
  raw: fc.option(fc.dictionary(words, fc.oneof(words, fc.boolean(), fc.integer()))),
  units: fc.constantFrom('9223372036854775807', '-9223372036854775808', '-1', 0, null),
})

/** The values that `coercion` returns, in the form of `dump`. */
function expected(columns: Columns, record: Record<string, unknown>): Record<string, unknown> {
  const stored = (name: string): unknown => {
    const column = columns[name]
    const value = record[name] ?? null
    if (!column || value === null) return null
    const cell: Value = coercion(column)(value, { cleaned: 0 })
    return typeof cell === 'boolean' ? String(cell) : cell
  }
  return Object.fromEntries(Object.keys(columns).map(name => [name, stored(name)]))
}

/* More records than a data chunk of DuckDB holds, so that its vectors are used twice. */
const RECORDS = fc.sample(parcel, { numRuns: 2_600, seed: 7 }).map(({ units, ...record }, id) => ({
  ...record,
  id,
  updated_at: at(id),
  items: [{ name: null, units }, { units: id }],
}))

test.each(DESTINATIONS)('$name: every cell is read back as the value that was written', async database => {
  await database.with(async config => {
    {
      await using destination = await openDestination(config, { mode: 'write', connections: 1 })
      await destination.prepare(allTables(parcels))
      const from = await destination.checkpoint('parcels')
      expect(await destination.commit(batchOf(parcels, RECORDS), from, moved(from))).toMatchObject({ added: 2_600 })
    }
    const { parcels: rows = [], parcels__items: items = [] } = await dump(config, [parcels])
    expect(rows.length).toBe(RECORDS.length)
    for (const [id, record] of RECORDS.entries()) {
      const { due, raw, updated_at, ...wanted } = expected(parcels.columns, record)
      const row = rows[id] ?? {}
      for (const [name, value] of Object.entries(wanted)) expect([id, name, row[name]]).toEqual([id, name, value])
      expect(row.due).toBe(due)
      expect(row.raw).toEqual(raw === null ? null : JSON.parse(String(raw)))
      expect(`${row.updated_at}`.slice(0, 19)).toBe(`${updated_at}`.slice(0, 19).replace('T', ' '))
      const units = expected(parcels.children.items.columns, record.items[0] ?? {}).units
      expect(items.slice(2 * id, 2 * id + 2).map(item => [item.index, item.units])).toEqual([
        ['0', units],
        ['1', String(id)],
      ])
    }
  })
})
