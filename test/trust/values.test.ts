import fc, { type GeneratorValue } from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createApp, select } from '../../src/cli/app.ts'
import { replay } from '../../src/cli/commands/replay.ts'
import { parseExact, stringifyExact } from '../../src/common/exact-json.ts'
import type { Warehouse } from '../../src/load/destination.ts'
import { openDestination } from '../../src/load/open.ts'
import type { Stream } from '../../src/schema/stream.ts'
import { allTables } from '../../src/schema/table.ts'
import { rawNumber } from '../../src/simulator/raw.ts'
import type { Json, StoreRecord } from '../../src/simulator/record.ts'
import { mergePages, singlePage } from '../../src/transform/batch.ts'
import { pageDecoder } from '../../src/transform/decode-page.ts'
import { DESTINATIONS, withFolder } from '../support/destinations.ts'
import { withQuery } from '../support/dump.ts'
import { LONG, rounds } from '../support/rounds.ts'
import { configFor, makeStore, runSync, withSimulator } from '../support/run.ts'
import { withTestSalt } from '../support/salt.ts'
import { at, moved, parcels } from '../support/samples.ts'

/*
 * Whatever value the API can send in JSON, both databases store the same, or the record is set aside whole in both. The
 * values are JSON text, since an object of JavaScript has no member twice, no number of 20 digits, and no great depth.
 */

const stream: Stream = withTestSalt(parcels, { sensitive: 'keep', onMismatch: 'null' })

interface Held {
  /** By column; null: the record was set aside. */
  readonly row: Record<string, string | null> | null
  readonly element: Record<string, string | null> | null
  /** JSON of the record that was set aside. */
  readonly reject: string | null
}

/** Commits a page with one record to a warehouse and reads back what it holds of it. */
async function held(warehouse: Warehouse, id: number, record: string): Promise<Held> {
  const page = await pageDecoder(stream)(Buffer.from(`{"parcels":[${record}]}`))
  const from = await warehouse.checkpoint('parcels')
  await warehouse.commit(mergePages(stream, [singlePage(page, at(id))]), from, moved(from))
  // DuckDB's driver drops a byte order mark at the start of a text when it reads it, so another character goes before it.
  const [row] = await warehouse.query(
    `select '=' || label as label, cast(raw as text) as raw, cast(_extra as text) as extra from recharge.parcels where id = ${id}`,
  )
  const [element] = await warehouse.query(
    `select '=' || name as name from recharge.parcels__items where parcel_id = ${id}`,
  )
  const mine = (await warehouse.rejects('parcels')).filter(({ key }) => key === String(id))
  const records = await warehouse.rejectedRecords(mine.map(({ fingerprint }) => fingerprint))
  const [reject = null] = records.values()
  return { row: (row as Held['row']) ?? null, element: (element as Held['element']) ?? null, reject }
}

const recordWith = (id: number, members: string): string =>
  `{"id":${id},"updated_at":"${at(id)}"${members === '' ? '' : `,${members}`}}`

/** JSON in one form for both databases: Postgres sorts members and writes numbers without an exponent. */
function canonical(json: string): unknown {
  const of = (value: unknown): unknown => {
    if (JSON.isRawJSON(value)) return decimal(value.rawJSON)
    if (typeof value === 'number') return decimal(JSON.stringify(value))
    if (typeof value === 'string') return `text ${clean(value)}`
    if (Array.isArray(value)) return value.map(of)
    if (typeof value !== 'object' || value === null) return value
    const members = new Map(Object.entries(value).map(([name, member]) => [clean(name), of(member)]))
    return ['members', ...[...members].sort(([a], [b]) => (a < b ? -1 : 1))]
  }
  return of(parseExact(json))
}

const clean = (text: string): string => text.replaceAll('\0', '').toWellFormed()

/** The digits of a number without zeros at either end, and its power of ten. */
function decimal(text: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? []
  const all = (whole + fraction).replace(/^0+/, '')
  const digits = all.replace(/0+$/, '')
  return digits === '' ? 'zero' : `${sign}${digits}e${Number(exponent) - fraction.length + all.length - digits.length}`
}

const nested = (depth: number, inner: string, list: boolean): string =>
  list ? '['.repeat(depth) + inner + ']'.repeat(depth) : '{"a":'.repeat(depth) + inner + '}'.repeat(depth)

const ODD = [
  ...['null', 'true', 'false', '""', '[]', '{}', '-0', '-0.0', '0E-10', '1E400', '-1e400', '0.1e-7', '1.50', '5e-324'],
  ...['12345678901234567890', '-98765432109876543210', '0.1234567890123456789', '1.0000000000000000', '1e22', '1E+2'],
  ...[
    '"\\u0000"',
    '"a\\u0000b"',
    '"\\ud83d"',
    '"\\udc00x"',
    '"\\ud83d\\ude00"',
    '"😀"',
    '"\\\\u0000"',
    '"\uffff\ufdd0"',
  ],
  ...[
    '"\\u2028\\u007f"',
    '"\ufeff"',
    '"\ufffd"',
    '{"a":1,"a":2}',
    '{"a":1,"\\u0061":[]}',
    '{"":0}',
    '{"__proto__":{"a":1}}',
  ],
  ...[
    '{"constructor":1}',
    '{"a\\u0000":1,"a":2}',
    '{"\\ud800":1}',
    '{"2":0,"1":0,"01":0}',
    '{"toJSON":1}',
    '{"_sync_sha256":"a"}',
  ],
] as const
const NAMES = ['"a"', '"a"', '""', '"__proto__"', '"a\\u0000"', '"\\ud800"', '"1"', '"01"', '"é"', '"\\u00e9"'] as const
/** Around each limit, and far beyond it. */
const EXPONENTS = [0, 1, 9, 99, 308, 400, 9999, 16_382, 16_383, 16_384, 20_000, 131_070, 131_071, 131_072, 1e9] as const
const DEPTHS = [1, 2, 63, 64, 65, 66, 100, 496, 497, 498, 499, 500, 501, 2000, 6000] as const

function number(g: GeneratorValue): string {
  const digits = (max: number): string => g(fc.stringMatching, new RegExp(`^[0-9]{1,${max}}$`))
  const whole = digits(25).replace(/^0+(?=\d)/, '')
  const fraction = g(fc.boolean) ? `.${digits(25)}` : ''
  const exponent = g(fc.boolean) ? `${g(fc.constantFrom, 'e', 'E-', 'e+')}${g(fc.constantFrom, ...EXPONENTS)}` : ''
  return `${g(fc.constantFrom, '', '-')}${whole}${fraction}${exponent}`
}

function drawn(g: GeneratorValue, room = 3): string {
  switch (g(fc.nat, { max: room > 0 ? 9 : 4 })) {
    case 0:
      return number(g)
    case 1:
      return JSON.stringify(g(fc.string, { unit: 'binary' }))
    case 2:
      return `"${'é'.repeat(g(fc.constantFrom, 1, 500, 30_000))}"`
    case 3:
    case 4:
      return g(fc.constantFrom, ...ODD)
    case 5:
      return nested(g(fc.constantFrom, ...DEPTHS), drawn(g, 0), g(fc.boolean))
    case 6:
      return `[${Array.from({ length: g(fc.constantFrom, 0, 1, 2000) }, () => '7').join()}]`
    case 7:
      return `[${Array.from({ length: g(fc.nat, { max: 3 }) }, () => drawn(g, room - 1)).join()}]`
    default:
      return `{${Array.from({ length: g(fc.nat, { max: 4 }) }, () => `${g(fc.constantFrom, ...NAMES)}:${drawn(g, room - 1)}`).join()}}`
  }
}

describe('both databases', () => {
  const open: { warehouse: Warehouse; close: () => void; done: Promise<void> }[] = []
  let id = 0

  beforeAll(async () => {
    for (const place of DESTINATIONS) {
      const closed = Promise.withResolvers<void>()
      const opened = Promise.withResolvers<Warehouse>()
      const done = place.with(async config => {
        await using warehouse = await openDestination(config, { mode: 'write', connections: 2 })
        await warehouse.prepare(allTables(parcels))
        opened.resolve(warehouse)
        await closed.promise
      })
      open.push({ warehouse: await opened.promise, close: () => closed.resolve(), done })
    }
  })

  afterAll(async () => {
    for (const { close, done } of open) {
      close()
      await done
    }
  })

  /** What both hold of a record with these members; they agree. */
  async function inBoth(members: string): Promise<Held & { readonly sent: string }> {
    id += 1
    const sent = recordWith(id, members)
    const both = await Promise.allSettled(open.map(({ warehouse }) => held(warehouse, id, sent)))
    // Both have ended before an error of one is thrown: the next record must not meet an open commit.
    const [first, second] = both.map(result => {
      if (result.status === 'rejected') throw result.reason
      return result.value
    })
    if (!first || !second) throw new Error('there are two databases')
    expect(second.row === null, 'one stores it, the other one sets it aside').toBe(first.row === null)
    expect(second.row?.label).toEqual(first.row?.label)
    expect(second.element).toEqual(first.element)
    for (const column of ['raw', 'extra'])
      expect(canonical(second.row?.[column] ?? 'null')).toEqual(canonical(first.row?.[column] ?? 'null'))
    // Stored or set aside, never both and never neither.
    expect(first.reject === null).toBe(first.row !== null)
    expect(second.reject === null).toBe(first.reject === null)
    if (first.reject !== null) for (const { reject } of [first, second]) expectWhole(reject ?? '', sent)
    return { ...first, sent }
  }

  /** A rejected record is kept with all of its values. One that can be stored as JSON may have another form in Postgres. */
  function expectWhole(reject: string, sent: string): void {
    if (reject !== stringifyExact(parseExact(sent))) expect(canonical(reject)).toEqual(canonical(sent))
  }

  test('K6/23: any value of JSON is stored alike, or its record is set aside whole', async () => {
    let stored = 0
    let setAside = 0
    await fc.assert(
      fc.asyncProperty(fc.gen(), async g => {
        const value = drawn(g)
        const { row, element } = await inBoth(
          g(
            fc.constantFrom,
            `"odd":${value}`,
            `"raw":${value}`,
            `"label":${value}`,
            `"items":[{"units":1,"name":${value}}]`,
            `"items":[{"units":1,"odd":${value}}]`,
            `"items":${value}`,
            `"raw":${value},"label":${value},"odd":[${value},${value}],"box":{"odd":${value}}`,
          ),
        )
        if (row === null) setAside += 1
        else stored += 1
        if (row?.raw && row.extra === null && !element) expect([canonical(row.raw)]).toContainEqual(canonical(value))
      }),
      { numRuns: rounds(60, 500) },
    )
    expect(stored).toBeGreaterThan(0)
    // Sixty drawn values may all be storable. The table below has both kinds.
    if (LONG) expect(setAside).toBeGreaterThan(0)
  })

  const zeros = (count: number): string => '0'.repeat(count)

  test.each([
    ['nested 499 deep in _extra', nested(499, '1', true), 'stored'],
    ['nested 500 deep in _extra', nested(500, '1', true), 'set aside'],
    ['nested 6,000 deep', nested(6000, '1', false), 'set aside'],
    ['nested 50,000 deep', nested(50_000, '1', true), 'set aside'],
    ['nested 6,000 deep, with a number that a float cannot hold', nested(6000, '1e400', true), 'set aside'],
    ['1e131071', '1e131071', 'stored'],
    ['1e131072', '1e131072', 'set aside'],
    ['1e131073', '1e131073', 'set aside'],
    ['1e-16383', '1e-16383', 'stored'],
    ['1.5e-16383', '1.5e-16383', 'set aside'],
    ['1e-20000', '1e-20000', 'set aside'],
    ['1e999999999999', '1e999999999999', 'set aside'],
    ['0e-20000, which is zero', '0e-20000', 'stored'],
    ['131,072 digits', `1${zeros(131_071)}`, 'stored'],
    ['131,073 digits', `1${zeros(131_072)}`, 'set aside'],
    ['16,384 decimals of which most are zero', `1.${zeros(16_383)}1`, 'set aside'],
    [
      'many numbers that become long in Postgres',
      `[${Array.from({ length: 400 }, () => '1e131071').join()}]`,
      'set aside',
    ],
    ['the texts of JSON that is escaped', '"\\\\u0000 \\\\ud800"', 'stored'],
  ])('K6/23: %s', async (_what, value, outcome) => {
    for (const members of [`"odd":${value}`, `"box":1,"odd":${value}`]) {
      const { row, sent } = await inBoth(members)
      expect(row === null ? 'set aside' : 'stored').toBe(outcome)
      if (row !== null) expect(canonical(row.extra ?? '')).toEqual(canonical(`{${members}}`))
      expect(sent).toContain(value)
    }
  })

  test.each([
    ['nested 500 deep', nested(500, '1', true), 'stored'],
    ['nested 501 deep', nested(501, '1', true), 'set aside'],
    ['1e131072', '[1e131072]', 'set aside'],
  ])('K6/23: a declared JSON column that is %s', async (_what, value, outcome) => {
    const { row } = await inBoth(`"raw":${value}`)
    expect(row === null ? 'set aside' : 'stored').toBe(outcome)
    if (row !== null) expect(canonical(row.raw ?? '')).toEqual(canonical(value))
  })

  test('K6/23: the reason says which member, and what is the limit', async () => {
    const decode = async (members: string) =>
      (await pageDecoder(stream)(Buffer.from(`{"parcels":[${recordWith(1, members)}]}`))).rejects[0]
    expect(await decode(`"a":1,"odd":${nested(600, '1', true)}`)).toMatchObject({
      path: 'odd',
      reason: 'it is nested more than 500 levels deep, and no more are stored as JSON',
    })
    expect(await decode('"a":1,"odd":{"b":[1e-20000]}')).toMatchObject({
      path: 'odd',
      reason: '1e-20000 has more than 16,383 decimals',
    })
  })

  test('K6/23: a record that cannot be stored costs no other record of its page', async () => {
    const deep = nested(100_000, '1e400', false)
    const records = [
      recordWith(1, ''),
      recordWith(2, `"odd":${deep}`),
      recordWith(3, '').replace('3', deep),
      recordWith(4, `"price":${deep}`),
      recordWith(5, ''),
    ]
    for (const under of [stream, { ...stream, drift: 'evolve' } as const]) {
      const page = await pageDecoder(under)(Buffer.from(`{"parcels":[${records.join()}],"next_cursor":"x"}`))
      expect(page.records.map(({ key }) => key)).toEqual(['1', '5'])
      expect(page.rejects.map(({ key }) => key)).toEqual(['2', null, '4'])
      expect([page.keys, page.next]).toEqual([['1', '2', deep, '4', '5'], 'x'])
    }
  })

  test('K6/23: an error of any depth in place of the list is quoted in part', async () => {
    const decoded = pageDecoder(stream)(Buffer.from(`{"errors":${nested(100_000, '1', true)}}`))
    await expect(decoded).rejects.toMatchObject({ code: 'unavailable' })
  })

  test('K6/23: a list of many short numbers that Postgres shows without exponents is set aside, whoever reads it', async () => {
    const numbers = `[${Array.from({ length: 140_000 }, () => '1e+308').join()}]`
    const page = await pageDecoder(stream)(Buffer.from(`{"parcels":[${recordWith(1, `"raw":${numbers}`)}]}`))
    expect(page.rejects.map(({ reason }) => reason)).toEqual([
      'it takes more than 40,000,000 characters as JSON, and no more are stored',
    ])
  })

  test('K6/23: a reason that is cut short does not end with half of a character', async () => {
    for (const start of ['', 'x']) {
      const body = `{"parcels":[${recordWith(1, `"price":"${start}${'😀'.repeat(40)}"`)}]}`
      const [reject] = (await pageDecoder(withTestSalt(parcels, { onMismatch: 'reject' }))(Buffer.from(body))).rejects
      expect(reject?.reason.isWellFormed()).toBe(true)
    }
  })
})

describe.each(DESTINATIONS)('$name', place => {
  const deep = (depth: number): Json => Array.from({ length: depth }).reduce<Json>(inner => [inner], 1)
  const ODD_VALUES: readonly (readonly [string, Json])[] = [
    ['a depth of 1,500', deep(1500)],
    ['1e131073', rawNumber('1e131073')],
    ['1e-20000', rawNumber('1e-20000')],
  ]

  test.each(ODD_VALUES)('K6/23: %s in one record: the run is complete, all others are loaded', async (_what, value) => {
    await withSimulator({ store: makeStore({ customers: 5, months: 1 }) }, simulator =>
      place.with(destination =>
        withFolder(async folder => {
          const { store } = simulator
          const config = configFor(simulator, destination, folder)
          const [first] = store.all('customers')
          const change = { odd: value } as StoreRecord
          store.advance(60_000)
          store.edit('customers', Number(first?.id), change)
          const ran = await runSync(config, ['customers'])
          expect(ran.code, ran.text).toBe(0)
          expect(ran.of('customers')).toMatchObject({ outcome: 'complete', added: 4, rejected: 1 })

          const replayAll = async () => {
            const app = createApp(config, { level: 'silent' })
            const { json } = await replay(app, select(app, ['customers']), new AbortController().signal)
            return (json as { streams: readonly object[] }).streams
          }
          expect(await replayAll()).toMatchObject([{ rejects: 1, kept: 1, added: 0 }])
          // A version with a wider limit reads the record from the same text.
          const [stored] = await withQuery(destination, query =>
            query('select cast(record as text) as record from recharge._sync_rejects'),
          )
          const text = JSON.parse(String(stored?.record))
          expect(typeof text).toBe('string')
          const { odd, ...rest } = parseExact(text) as Record<string, unknown>
          expect(stringifyExact(odd)).toBe(stringifyExact(value))
          const record = JSON.stringify(JSON.stringify(rest)).replaceAll("'", "''")
          await withQuery(destination, query =>
            query(`update recharge._sync_rejects set record = cast('${record}' as json)`),
          )
          expect(await replayAll()).toMatchObject([{ rejects: 1, kept: 0, added: 1 }])
        }),
      ),
    )
  })
})
