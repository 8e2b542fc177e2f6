import fc from 'fast-check'
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { parseExact } from '../../src/common/exact-json.ts'
import { parseInstant } from '../../src/common/instant.ts'
import type { Value } from '../../src/common/model.ts'
import { openDuckdb } from '../../src/load/duckdb/engine.ts'
import { openPostgres } from '../../src/load/postgres/engine.ts'
import { blocks } from '../../src/load/sql/blocks.ts'
import { conversion } from '../../src/load/sql/conversions.ts'
import type { Engine } from '../../src/load/sql/engine.ts'
import {
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
import type { TableColumn } from '../../src/schema/table.ts'
import { coercion } from '../../src/transform/coerce.ts'
import { TypeMismatch } from '../../src/transform/type-mismatch.ts'
import { DESTINATIONS, type DestinationConfig } from '../support/destinations.ts'
import { rounds } from '../support/rounds.ts'

/*
 * What a migration makes of a stored text is what a load makes of the same text, or it makes nothing of it. The rules of a
 * load are in `transform/coerce.ts`, and those of a migration in SQL.
 */

const DECLARED: readonly Column[] = [
  int('.'),
  money('.'),
  rate('.'),
  flag('.'),
  day('.'),
  instant('.'),
  instant('.', undefined, 'UTC'),
]

/** Whether a migration converts a value, and into what. Null: it means null. Undefined: it is refused. */
type Converted = string | null | undefined

const engineOf = async (config: DestinationConfig): Promise<Engine> =>
  config.kind === 'duckdb'
    ? await openDuckdb({ file: config.file, mode: 'write' })
    : openPostgres({ ...config, connections: 1 })

const tableColumn = ({ kind, zone }: Column): TableColumn => ({
  name: 'value',
  kind,
  required: false,
  doc: '',
  ...(zone === 'UTC' ? { zone } : {}),
})

/** @param stored values as their text, or as their JSON. */
const convertedIn = (engine: Engine, from: 'text' | 'json', column: Column, stored: readonly string[]) =>
  engine.transaction(async (session): Promise<Converted[]> => {
    const position = { name: 'position', kind: 'int', required: true, doc: '' } as const
    const columns: readonly TableColumn[] = [position, { name: 'value', kind: from, required: false, doc: '' }]
    await session.createTempTable(`given_${from}`, columns)
    await session.append(
      { schema: null, table: `given_${from}` },
      columns,
      blocks(stored.entries(), (to, [at, value]) => {
        to.short(2)
        to.int(at)
        if (from === 'text') to.text(value)
        else to.json(value)
        return 1
      }),
    )
    const found = conversion(engine, from, tableColumn(column), sql.ref('value'))
    if (found === null) throw new Error(`${from} is not converted to ${column.kind}`)
    const { rows } = await sql<{ converted: string | null; empty: boolean | null }>`
      select cast(${found.converted} as text) as converted, ${found.meansNull} as empty from ${sql.table(`given_${from}`)} order by position`.execute(
      session.db,
    )
    return rows.map(({ converted, empty }) =>
      converted === null ? (empty ? null : undefined) : canonical(column.kind, converted),
    )
  })

function canonical(kind: ColumnKind, value: string): string {
  if (kind === 'money' || kind === 'rate') return value.includes('.') ? value.replace(/\.?0+$/, '') : value
  return kind === 'instant' ? (parseInstant(value, 'UTC') ?? value) : value
}

/** What a load makes of the value; undefined: it does not fit. */
function loaded(column: Column, value: unknown): Converted {
  if (value === null) return null
  try {
    const read: Value = coercion(column)(value, { cleaned: 0 })
    return read === null ? null : String(read)
  } catch (error) {
    if (error instanceof TypeMismatch) return undefined
    throw error
  }
}

/** Each value that is converted, and that a load reads otherwise. */
const wrong = (column: Column, values: readonly unknown[], converted: readonly Converted[]): unknown[] =>
  values.flatMap((value, i) =>
    converted[i] === undefined || converted[i] === loaded(column, value)
      ? []
      : [{ value, converted: converted[i], loaded: loaded(column, value) }],
  )

const two = (n: number): string => String(n).padStart(2, '0')
const days = fc
  .tuple(
    fc.oneof(
      fc.constantFrom(0, 1, 4, 100, 1582, 1582, 1883, 1900, 2000, 2100, 9999),
      fc.integer({ min: 1900, max: 2040 }),
    ),
    fc.integer({ min: 0, max: 13 }),
    fc.oneof(fc.constantFrom(28, 29, 30, 31), fc.integer({ min: 0, max: 32 })),
  )
  .map(([year, month, date]) => `${String(year).padStart(4, '0')}-${two(month)}-${two(date)}`)
/** Days on which clocks in New York change. */
const changes = fc.constantFrom(
  '2025-03-09',
  '2025-11-02',
  '2026-03-08',
  '1974-01-06',
  '1945-08-14',
  '1883-11-18',
  '2006-10-29',
)
const clock = fc
  .tuple(fc.integer({ min: 0, max: 24 }), fc.constantFrom(0, 0, 1, 30, 59, 60), fc.constantFrom(0, 0, 1, 59, 60))
  .map(([hour, minute, second]) => `${two(hour)}:${two(minute)}:${two(second)}`)
const midnight = fc.constantFrom('00:00:00', '00:00', '04:00:00', '05:00:00', '00:00:00.000', '04:56:02')
const fraction = fc.constantFrom('', '', '', '.5', '.000000', '.123456', '.123456000', '.1234567', ',25', '.')
const offset = fc.constantFrom(
  '',
  '',
  '',
  'Z',
  'z',
  '+00:00',
  '+0000',
  '+00',
  '-05:00',
  '-0400',
  '+14:00',
  '-23:59',
  '+24:00',
  '+1',
  ' Z',
  '+05:30',
  ' +02:00',
)
const times = fc
  .tuple(
    fc.oneof({ weight: 2, arbitrary: days }, { weight: 1, arbitrary: changes }),
    fc.constantFrom('T', 'T', ' ', 't'),
    fc.oneof(clock, midnight),
    fraction,
    offset,
  )
  .map(([date, gap, time, part, zone]) => date + gap + time + part + zone)
const numbers = fc.stringMatching(/^[ \t]?[+-]?0{0,3}[0-9]{0,22}(\.[0-9]{0,12}0{0,3})?([eE][+-]?[0-9]{1,2})? ?$/)
const limits = fc.constantFrom(
  ...['9223372036854775807', '9223372036854775808', '-9223372036854775808', '-9223372036854775809'],
  ...['999999999999.999999', '999999999999.9999999', '1000000000000', '-999999999999.9999990'],
  ...[
    '999999999999999999.9999999999',
    '1000000000000000000',
    '0.00000000001',
    '.5',
    '5.',
    '.',
    '-',
    '+',
    '-0',
    '-0.00',
    '00',
  ],
)
const words = fc.constantFrom(
  'true',
  'TRUE',
  ' False ',
  'yes',
  '1',
  '0',
  '',
  ' ',
  '\t\n',
  'null',
  'NaN',
  'Infinity',
  '１',
  '٣',
)
const texts = fc.oneof(
  { weight: 4, arbitrary: times },
  { weight: 2, arbitrary: days },
  { weight: 3, arbitrary: numbers },
  { weight: 1, arbitrary: limits },
  { weight: 1, arbitrary: words },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme' }).map(given => given.replaceAll('\0', '')) },
)

/** Texts that a migration has to convert, and not merely may, into a kind. */
const CONVERTED: Readonly<Partial<Record<ColumnKind, readonly string[]>>> = {
  int: ['5', '-0007', ' 12 ', '5.00', '9223372036854775807', '-9223372036854775808'],
  money: ['12.50', '-.5', '5.', '999999999999.999999', '0', '12.5000000'],
  rate: ['0.0825', '999999999999999999.9999999999', '1500'],
  flag: ['true', 'False', '1', '0'],
  day: ['2025-01-31', '2024-02-29', '0001-01-01', '9999-12-31', '2025-01-31T00:00:00', '2025-02-01T05:00:00+00:00'],
  instant: [
    ...[
      '2025-01-31',
      '2025-01-31T10:00',
      '2025-01-31 10:00:00.123456',
      '2025-01-31T10:00:00+00:00',
      '2025-01-31T10:00:00Z',
    ],
    ...[
      '2025-03-09T02:30:00',
      '2025-11-02T01:30:00',
      '0001-01-01T05:00:00Z',
      '9999-12-31T23:59:59.999999Z',
      '2025-01-31T10:00:00-0500',
    ],
  ],
}

describe.each(DESTINATIONS)('$name', place => {
  test.each(DECLARED.map(column => [`${column.kind} (${column.zone})`, column] as const))(
    'a text, or a text of JSON, becomes %s as a load would read it, or it is refused',
    async (_name, column) => {
      await place.with(async config => {
        await using engine = await engineOf(config)
        const must = CONVERTED[column.kind] ?? []
        const found = await convertedIn(engine, 'text', column, must)
        expect(found).toEqual(must.map(value => loaded(column, value)))
        expect(found).not.toContain(undefined)
        const values = fc.sample(texts, rounds(4000, 100_000))
        const results = await convertedIn(engine, 'text', column, values)
        expect(wrong(column, values, results)).toEqual([])
        // Of the rarest kind, flags, about 110 of 4,000 drawn texts are values, give or take ten.
        expect(results.filter(result => typeof result === 'string').length).toBeGreaterThan(40)
        const asJson = await convertedIn(
          engine,
          'json',
          column,
          values.map(value => JSON.stringify(value)),
        )
        expect(asJson).toEqual(results)
      })
    },
  )

  test.each(DECLARED.map(column => [`${column.kind} (${column.zone})`, column] as const))(
    'a value of JSON becomes %s as a load would read it, or it is refused',
    async (_name, column) => {
      await place.with(async config => {
        await using engine = await engineOf(config)
        const drawn = fc.sample(fc.jsonValue({ noUnicodeString: true }), 1000).map(value => JSON.stringify(value))
        const given = ['null', 'true', 'false', '0', '1', '5', '-7', '12.50', '1e3', '{"a": 1}', '[]', '{}', ...drawn]
        const results = await convertedIn(engine, 'json', column, given)
        expect(wrong(column, given.map(parseExact), results)).toEqual([])
      })
    },
  )

  test('a value of JSON becomes a text: a text itself, anything else its JSON', async () => {
    await place.with(async config => {
      await using engine = await engineOf(config)
      const strings = [
        'Whole bean',
        '',
        ' ',
        'null',
        'true',
        '5',
        '{"a": 1}',
        'a "b": c, d',
        'Zoë\n\\ 😀',
        '\u001f',
        '// \\"',
      ]
      const drawn = fc
        .sample(fc.string({ unit: 'grapheme' }), 500)
        .map(value => value.replaceAll('\0', '').toWellFormed())
      const texts = [...strings, ...drawn]
      expect(
        await convertedIn(
          engine,
          'json',
          text('.'),
          texts.map(value => JSON.stringify(value)),
        ),
      ).toEqual(texts)
      const others = [
        5,
        -7.25,
        true,
        false,
        ['a, b', { c: 'd: e' }],
        { z: '\\", ', 'k, ": ': [1, 2, { x: null }] },
        [[]],
      ]
      const json = others.map(value => JSON.stringify(value))
      expect(await convertedIn(engine, 'json', text('.'), json)).toEqual(json)
      expect(await convertedIn(engine, 'json', text('.'), ['null', '[]', '{}'])).toEqual([null, null, null])
    })
  })

  test('a text becomes JSON, unless it may be the text of something else', async () => {
    await place.with(async config => {
      await using engine = await engineOf(config)
      const given = [
        'Whole bean',
        '',
        'null',
        '5 kg',
        'Zoë\n"x"',
        '007',
        'a{',
        '5',
        '-1.5e3',
        'true',
        'false',
        '{"a":1}',
        '[1]',
        '{',
      ]
      const results = await convertedIn(engine, 'text', json('.'), given)
      const clear = ['Whole bean', '', 'null', '5 kg', 'Zoë\n"x"', 'a{']
      expect(results).toEqual(given.map(value => (clear.includes(value) ? JSON.stringify(value) : undefined)))
    })
  })
})
