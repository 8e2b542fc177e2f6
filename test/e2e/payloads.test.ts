import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { STREAMS } from '../../src/cli/app.ts'
import type { Stream } from '../../src/schema/stream.ts'
import { SYSTEM_COLUMNS, tablesOf } from '../../src/schema/table.ts'
import { type DestinationConfig, drawDestination, withFolder } from '../support/destinations.ts'
import { dump, withQuery } from '../support/dump.ts'
import { expectedRows, type Hashed, undeclaredPaths } from '../support/expected-cells.ts'
import { configFor, makeStore, type Ran, runSync, withSimulator } from '../support/run.ts'
import { leftBehind } from '../support/secrets.ts'

/*
 * Pages as others have recorded them, and as Recharge publishes its types: each is loaded without a reject, every value is
 * in its column or its list, and nothing is left in `_extra`.
 */

const FOLDER = new URL('../payloads/', import.meta.url)

interface Payload {
  readonly name: string
  readonly stream: Stream
  readonly body: Buffer
  readonly records: readonly Readonly<Record<string, unknown>>[]
}

const PAYLOADS: readonly Payload[] = readdirSync(FOLDER)
  .filter(name => name.endsWith('.json'))
  .map(name => {
    const stream = STREAMS.find(declared => declared.name === name.split('.')[0])
    if (!stream) throw new Error(`no stream is called like ${name}`)
    const body = readFileSync(new URL(name, FOLDER))
    return { name, stream, body, records: JSON.parse(body.toString())[stream.list] }
  })

/** What does not fit its column, and stays in `_extra`: by file, the id of the record and what stays. */
const MISFITS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'credit_accounts.redemption-code.json': { 1102: { available_balance: { not: 'money' } } },
}

/** Texts that must be nowhere in clear. */
const SECRETS = [
  'SECRETCODE123',
  'SECRETLINK456',
  'SECRET789',
  'giftee@example.com',
  'pm_x',
  'cus_x',
  'f99bd4a6877257af',
]

describe.each(drawDestination())('$name', place => {
  async function loaded(
    { stream, body }: Pick<Payload, 'stream' | 'body'>,
    look: (ran: Ran, destination: DestinationConfig, folder: string) => Promise<void>,
    policies: Partial<ReturnType<typeof configFor>['policies']> = {},
  ): Promise<void> {
    await withSimulator({ store: makeStore({ customers: 2, months: 1 }) }, simulator =>
      place.with(destination =>
        withFolder(async folder => {
          simulator.faults.add({
            kind: 'rewrite',
            match: stream.path,
            times: 99,
            rewrite: () => ({ status: 200, body }),
          })
          const config = configFor(simulator, destination, folder)
          const { policies: usual } = config
          const ran = await runSync(
            { ...config, policies: { ...usual, sensitive: 'hash', onMismatch: 'null', ...policies } },
            [stream.name],
          )
          await look(ran, destination, folder)
        }),
      ),
    )
  }

  const hashedIn = async (destination: DestinationConfig): Promise<Hashed> => {
    const [settings] = await withQuery(destination, query =>
      query(`select value from recharge._sync_settings where name = 'salt'`),
    )
    return text =>
      createHash('sha256')
        .update(Buffer.from(String(settings?.value), 'hex'))
        .update(text)
        .digest('hex')
  }

  test.each(PAYLOADS)('every value of $name is in its cell', async payload => {
    const { name, stream, records } = payload
    const misfits = MISFITS[name] ?? {}
    // A member that no column reads would not be missed below.
    for (const record of records)
      expect(
        undeclaredPaths(stream, record).filter(
          path => !Object.hasOwn(Object(misfits[String(record.id)]), path.split('.')[0] ?? ''),
        ),
      ).toEqual([])
    await loaded(payload, async (ran, destination, folder) => {
      expect(ran.code, ran.text).toBe(0)
      const report = ran.of(stream.name)
      expect(report).toMatchObject({
        outcome: 'complete',
        problem: Object.keys(misfits).length === 0 ? null : { code: 'mismatched' },
        added: records.length,
        rejected: 0,
        undeclared: {},
      })
      expect(Object.keys(report.mismatched)).toEqual(Object.values(misfits).flatMap(left => Object.keys(Object(left))))
      const stored = await dump(destination, [stream])
      const expected = expectedRows(stream, records, await hashedIn(destination))
      const { root } = tablesOf(stream)
      for (const [table, rows] of Object.entries(expected)) {
        const found = (stored[table] ?? []).map(row =>
          Object.fromEntries(
            Object.entries(row).filter(([column]) => !Object.hasOwn(SYSTEM_COLUMNS, column) && column !== '_source'),
          ),
        )
        expect(found, table).toEqual(rows)
      }
      expect(stored[root.name]?.map(row => [row.id, row._extra])).toEqual(
        records.map(({ id }) => [String(id), misfits[String(id)] ?? null]),
      )
      const everything = [...(await leftBehind(destination, folder === '' ? [] : [folder])), ran.text]
      expect(SECRETS.filter(secret => everything.some(text => text.includes(secret)))).toEqual([])
    })
  })

  test('values of every kind were compared, in many tables', () => {
    const tables = PAYLOADS.flatMap(({ stream, records }) =>
      Object.entries(expectedRows(stream, records, () => 'hash')),
    )
    const filled = tables.filter(([, rows]) => rows.length > 0)
    expect(new Set(filled.map(([table]) => table)).size).toBeGreaterThan(30)
    const cells = filled.flatMap(([, rows]) => rows.flatMap(row => Object.values(row))).filter(cell => cell !== null)
    expect(cells.length).toBeGreaterThan(500)
  })

  describe('I9: a code that spends money, and the address of the recipient of a gift, are nowhere in clear', () => {
    const RECORDS = [
      ['credit_accounts', { customer_id: 1, redemption_code: 'SECRETCODE123', name: 'SECRETCODE123 left' }],
      ['credit_accounts', { id: 1, redemption_code: 'SECRETCODE123', link: 'https://x.example/SECRETCODE123' }],
      ['credit_accounts', { id: 1, redemption_code: { is: 'SECRETCODE123' }, expires_at: 'SECRETCODE123' }],
      ['credit_accounts', { id: 1, gift_code: 'SECRETCODE123', more: ['SECRETCODE123'] }],
      ['addresses', { customer_id: 1, note_attributes: [{ name: 'rc_giftee_email', value: 'giftee@example.com' }] }],
      [
        'addresses',
        { id: 1, note_attributes: { name: 'x', value: ['giftee@example.com'] }, said: 'to giftee@example.com' },
      ],
    ] as const

    const POLICIES = [
      ['reject', 'capture'],
      ['null', 'evolve'],
    ] as const

    test.each(RECORDS.flatMap(record => POLICIES.map(policies => [...record, ...policies] as const)))(
      '%s %j, on_mismatch: %s, drift: %s',
      async (name, record, onMismatch, drift) => {
        const stream = STREAMS.find(declared => declared.name === name) as Stream
        const body = Buffer.from(JSON.stringify({ [stream.list]: [record], next_cursor: null }))
        await loaded(
          { stream, body },
          async (ran, destination, folder) => {
            const rows = await withQuery(destination, query =>
              query(`select 1 from recharge.${name} union all select 1 from recharge._sync_rejects`),
            )
            expect(rows, ran.text).toHaveLength(1)
            const everything = [...(await leftBehind(destination, [folder])), ran.text]
            expect(SECRETS.filter(secret => everything.some(text => text.includes(secret)))).toEqual([])
          },
          { onMismatch, drift },
        )
      },
    )
  })
})
