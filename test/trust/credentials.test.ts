import { createHash } from 'node:crypto'
import { dirname } from 'node:path'
import { describe, expect, test } from 'vitest'
import { STREAMS } from '../../src/cli/app.ts'
import { declaredTables, type Policies } from '../../src/schema/policy.ts'
import type { StoreRecord } from '../../src/simulator/record.ts'
import { pageDecoder } from '../../src/transform/decode-page.ts'
import { DESTINATIONS, type DestinationConfig, withFolder } from '../support/destinations.ts'
import { withQuery } from '../support/dump.ts'
import { configFor, makeStore, type Ran, runSync, withSimulator } from '../support/run.ts'
import { withTestSalt } from '../support/salt.ts'
import { parcel, parcels } from '../support/samples.ts'
import { scanBody } from '../support/scan.ts'
import { leftBehind } from '../support/secrets.ts'

/* Fields that are not declared and whose name says that they are credentials are hashed, wherever they stand. */

const digest = (value: string, salt: Buffer = Buffer.alloc(32, 7)): string =>
  createHash('sha256').update(salt).update(value).digest('hex')
const hidden = (value: string): object => ({ _sync_sha256: digest(value) })

const CREDENTIALS: StoreRecord = {
  gift_code: 'CLEAR-gift-1',
  accessToken: 'CLEAR-token-2',
  'client-secret': { of: ['CLEAR-secret-3', { deep: 'CLEAR-secret-4' }] },
  nested: { rows: [[{ api_key: 'CLEAR-key-5', login_url: 'https://x.example/?t=CLEAR-link-6' }]] },
  gift_cards: [{ code: 'CLEAR-code-7', balance: '5.00' }],
  password: 'CLEAR-password-8',
  // The same value again, in a link whose name says nothing.
  see: 'https://x.example/CLEAR-gift-1',
  country_code: 'US',
  discount_codes: [{ code: 'SAVE10', amount: '1.00' }],
  token_expires_at: '2026-01-01T00:00:00Z',
  has_password: true,
}

describe.each([
  ['scanned', 'capture'],
  ['parsed', 'evolve'],
] as const)('a record that is %s', (_how, drift) => {
  const extraOf = async (more: object, policies: Partial<Policies> = {}): Promise<unknown> => {
    const stream = withTestSalt(parcels, { drift, ...policies })
    const body = Buffer.from(JSON.stringify({ parcels: [parcel(1, 1, { ...more })] }))
    if (drift === 'capture') expect(scanBody(stream, body)?.scanned).toEqual([true])
    const { records, stats } = await pageDecoder(stream)(body)
    const [record] = records
    if (!record) throw new Error('the record was rejected')
    const text = record.bytes.toString('utf8', record.start, record.end)
    return { extra: JSON.parse(text.slice(text.lastIndexOf('\u0001') + 1)), unknown: [...stats.unknownFields.keys()] }
  }

  test('K9/50: keeps hashes at any depth, and everything else as it was sent', async () => {
    const { extra, unknown } = (await extraOf(CREDENTIALS)) as { extra: object; unknown: string[] }
    expect(extra).toEqual({
      ...CREDENTIALS,
      gift_code: hidden('CLEAR-gift-1'),
      accessToken: hidden('CLEAR-token-2'),
      'client-secret': { of: [hidden('CLEAR-secret-3'), { deep: hidden('CLEAR-secret-4') }] },
      nested: {
        rows: [[{ api_key: hidden('CLEAR-key-5'), login_url: hidden('https://x.example/?t=CLEAR-link-6') }]],
      },
      gift_cards: [{ code: hidden('CLEAR-code-7'), balance: '5.00' }],
      password: hidden('CLEAR-password-8'),
      see: `https://x.example/${digest('CLEAR-gift-1')}`,
    })
    expect(unknown.toSorted()).toEqual(Object.keys(CREDENTIALS).toSorted())
  })

  test('K9/50: in the elements of a declared list', async () => {
    const items = [
      { name: 'a', pin: 1234 },
      { name: 'b', inside: { hash: 'CLEAR-hash' }, codes: [['CLEAR-code']] },
    ]
    expect(await extraOf({ items })).toMatchObject({
      extra: {
        items: {
          0: { pin: hidden('1234') },
          1: { inside: { hash: hidden('CLEAR-hash') }, codes: [[hidden('CLEAR-code')]] },
        },
      },
    })
  })

  test('K9/50: follows the policy for sensitive columns', async () => {
    const sent = { gift_code: 'CLEAR-gift', see: 'x CLEAR-gift' }
    expect(await extraOf(sent, { sensitive: 'keep' })).toMatchObject({ extra: sent })
    expect(await extraOf(sent, { sensitive: 'omit' })).toMatchObject({ extra: { gift_code: null, see: 'x [omitted]' } })
  })

  test('K9/50: what stands in a declared JSON column is declared', async () => {
    const { extra } = (await extraOf({ raw: { token: 'kept' }, more: 1 })) as { extra: unknown }
    expect(extra).toEqual({ more: 1 })
  })
})

describe('a rejected record', () => {
  const rejected = async (more: object) => {
    const body = Buffer.from(JSON.stringify({ parcels: [parcel(1, 1, { ...more })] }))
    const [reject] = (await pageDecoder(withTestSalt(parcels, { onMismatch: 'reject' }))(body)).rejects
    if (!reject) throw new Error('the record was loaded')
    return reject
  }

  test('K9/50: keeps hashes, and its declared values even if they repeat a credential', async () => {
    const { record } = await rejected({
      price: 'cheap',
      label: 'CLEAR-code',
      raw: { token: 'declared with its column' },
      gift_code: 'CLEAR-code',
      items: [{ name: 'a', secret: 'CLEAR-secret' }],
    })
    expect(JSON.parse(record)).toMatchObject({
      label: 'CLEAR-code',
      raw: { token: 'declared with its column' },
      gift_code: hidden('CLEAR-code'),
      items: [{ name: 'a', secret: hidden('CLEAR-secret') }],
    })
  })

  test('K9/50: its reason does not quote one', async () => {
    expect((await rejected({ price: 'CLEAR-code', gift_code: 'CLEAR-code' })).reason).not.toContain('CLEAR')
    expect((await rejected({ price: 'CLEAR-code' })).reason).toContain('CLEAR-code')
  })

  test('K9/50: keeps hashes in what is nested too deeply to be stored', async () => {
    const deep = `${'[{"a":'.repeat(3000)}{"secret":"CLEAR-secret","n":1e400}${'}]'.repeat(3000)}`
    const body = `{"parcels":[${JSON.stringify(parcel(1, 1)).slice(0, -1)},"odd":${deep}}]}`
    const [reject] = (await pageDecoder(withTestSalt(parcels))(Buffer.from(body))).rejects
    expect(reject?.record).toContain(digest('CLEAR-secret'))
    expect(reject?.record).not.toContain('CLEAR')
  })
})

test('K9/50: no field of a sample that is declared has another value than before', async () => {
  for (const declared of STREAMS) {
    const { default: record } = await import(`../fixtures/${declared.name}/record.json`, { with: { type: 'json' } })
    const decode = async (sensitive: 'keep' | 'hash') => {
      const stream = withTestSalt(declared, { sensitive, columns: kept })
      const body = Buffer.from(JSON.stringify({ [stream.singular]: record }))
      return (await pageDecoder({ ...stream, list: stream.singular, pagination: 'single' })(body)).records[0]?.hash
    }
    const kept: Policies['columns'] = Object.fromEntries(
      [...declaredTables(declared)].map(([table, columns]) => [
        table,
        Object.fromEntries(Object.keys(columns).map(name => [name, 'keep'] as const)),
      ]),
    )
    expect(await decode('hash'), declared.name).toBe(await decode('keep'))
  }
})

describe.each(DESTINATIONS)('$name', place => {
  const inWarehouse = (
    policies: Partial<Policies>,
    work: (ran: Ran, everything: string[], destination: DestinationConfig) => Promise<void>,
  ): Promise<void> =>
    withSimulator({ store: makeStore({ customers: 3, months: 1 }) }, simulator =>
      place.with(destination =>
        withFolder(async folder => {
          const { store } = simulator
          const [first, second] = store.all('customers')
          store.edit('customers', Number(first?.id), CREDENTIALS)
          store.edit('customers', Number(second?.id), { ...CREDENTIALS, subscriptions_active_count: 'nonsense' })
          const config = configFor(simulator, destination, folder)
          const ran = await runSync({ ...config, policies: { ...config.policies, sensitive: 'hash', ...policies } }, [
            'customers',
          ])
          expect(ran.code, ran.text).toBe(0)
          const folders = [folder, ...(destination.kind === 'duckdb' ? [dirname(destination.file)] : [])]
          await work(
            ran,
            [...(await leftBehind(destination, folders)), ran.text, JSON.stringify(ran.report)],
            destination,
          )
        }),
      ),
    )

  test('K9/50: no credential is in a table, a file or the report; the report names the fields', async () => {
    await inWarehouse({ onMismatch: 'reject' }, async (ran, everything) => {
      expect(everything.flatMap(text => text.match(/.{0,40}CLEAR-.{0,40}/g) ?? [])).toEqual([])
      expect(ran.of('customers')).toMatchObject({ rejected: 1, undeclared: { gift_code: 1, password: 1 } })
      expect(everything.some(text => text.includes('SAVE10'))).toBe(true)
    })
  })

  test('K9/50: a column that is inferred for one holds the hash as a text', async () => {
    await inWarehouse({ drift: 'evolve' }, async (_ran, everything, destination) => {
      expect(everything.flatMap(text => text.match(/.{0,40}CLEAR-.{0,40}/g) ?? [])).toEqual([])
      await withQuery(destination, async query => {
        const [setting] = await query(`select value from recharge._sync_settings where name = 'salt'`)
        const salt = Buffer.from(String(setting?.value), 'hex')
        const rows = await query(
          'select gift_code, country_code, has_password from recharge.customers where gift_code is not null',
        )
        expect(rows).toHaveLength(2)
        for (const row of rows)
          expect(row).toEqual({ gift_code: digest('CLEAR-gift-1', salt), country_code: 'US', has_password: true })
      })
    })
  })

  test('K9/50: kept, they are all found: the search is one that can fail', async () => {
    await inWarehouse({ sensitive: 'keep' }, async (_ran, everything) => {
      for (const n of [1, 2, 3, 4, 5, 6, 7, 8])
        expect(
          everything.some(text => new RegExp(`CLEAR-[a-z]+-${n}`).test(text)),
          String(n),
        ).toBe(true)
    })
  })
})
