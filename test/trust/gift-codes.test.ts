import { createHash } from 'node:crypto'
import { dirname } from 'node:path'
import { describe, expect, test } from 'vitest'
import { STREAMS } from '../../src/cli/app.ts'
import type { Stream } from '../../src/schema/stream.ts'
import type { Json, StoreRecord } from '../../src/simulator/record.ts'
import { cli, writeConfig } from '../support/cli.ts'
import { type DestinationConfig, drawDestination, withFolder } from '../support/destinations.ts'
import { withQuery } from '../support/dump.ts'
import { Store, sampleOf, withSimulator } from '../support/run.ts'
import { leftBehind } from '../support/secrets.ts'

/*
 * A code that spends money is nowhere in clear, declared or not, wherever in a record it stands and whatever becomes of
 * the record: `redemption_code` of a credit account is declared, `gift_code` is declared nowhere.
 */
const NAMES = [
  'credit_accounts',
  'customers',
  'charges',
  'orders',
  'subscriptions',
  'payment_methods',
  'bundle_selections',
]
const STREAMS_HERE = STREAMS.filter(({ name }) => NAMES.includes(name))
const FIRST = 800_000_000

/** The members that hold the codes, as the API might name them. Each code is used once. */
function codes(next: () => string): StoreRecord {
  return {
    gift_code: next(),
    redemption_code: next(),
    giftCode: next(),
    'gift-codes': [next(), { code: next() }],
    card: { redeem_code: next(), pin: Number(next().replace(/\D/g, '')) },
    gift_cards: [{ code: next(), balance: '5.00' }],
  }
}

/** Records of a stream with codes in every place that a record has, and one that is rejected. */
function recordsOf({ name, columns, children }: Stream, next: () => string): StoreRecord[] {
  const sample: StoreRecord = { ...sampleOf(name), ...(name === 'charges' ? { status: 'queued' } : {}) }
  const paths = Object.entries(columns).map(([column, { from }]) => (from ?? column).split('.'))
  const [text = ''] = Object.keys(columns).filter(key => columns[key]?.kind === 'text' && columns[key].from === null)
  const [object] = paths.flatMap(([first = '', second]) => (second === undefined ? [] : [first]))
  const list = Object.values(children).find(({ from }) => !from.includes('.'))?.from
  const repeated = next()
  const changes: StoreRecord[] = [
    codes(next),
    { gift_code: repeated, see: `https://store.example/redeem/${repeated}`, also: { text: [`use ${repeated}`] } },
    // In place of a text, and of an object of which two came.
    { [text]: codes(next) },
    ...(object === undefined ? [] : [inside(sample, object, codes(next)), { [object]: [codes(next), codes(next)] }]),
    ...(list === undefined ? [] : [{ [list]: [codes(next), 'text'] }, { [list]: 5, gift_code: next() }]),
  ]
  const records = changes.map((change, i) => ({ ...sample, ...change, id: FIRST + i }))
  return [...records, { ...sample, ...codes(next), id: `none-${name}` }]
}

const inside = (sample: StoreRecord, object: string, more: StoreRecord): StoreRecord => ({
  [object]: { ...(sample[object] as StoreRecord | null), ...more },
})

function storeOfCodes(): { readonly store: Store; readonly secrets: readonly string[] } {
  const store = new Store('2026-11-20T12:00:00Z')
  const secrets: string[] = []
  const next = (): string => {
    const secret = `9${String(secrets.length).padStart(4, '0')}77315`
    secrets.push(secret)
    return secret
  }
  for (const stream of STREAMS_HERE) {
    store.declare(stream.name)
    for (const [i, record] of recordsOf(stream, next).entries()) store.table(stream.name).put(FIRST + i, record)
  }
  return { store, secrets }
}

const found = (everything: readonly string[], secrets: readonly string[]): string[] => {
  const text = everything.join('\n')
  return secrets.filter(secret => text.includes(secret))
}

describe.each(drawDestination())('$name', place => {
  interface Left {
    readonly everything: readonly string[]
    readonly secrets: readonly string[]
    readonly report: Json
    readonly destination: DestinationConfig
  }

  /** One `sync` by the command line with all that it says, under these settings. */
  const synced = (settings: string, look: (left: Left) => Promise<void>): Promise<void> => {
    const { store, secrets } = storeOfCodes()
    return withSimulator({ store }, simulator =>
      place.with(destination =>
        withFolder(async folder => {
          const where = destination.kind === 'duckdb' ? `duckdb: ${destination.file}` : `postgres: ${destination.url}`
          writeConfig(
            folder,
            `recharge:\n  token: ${simulator.token}\n  base_url: ${simulator.url}\n  rate: { bucket: 100000, per_second: 10000 }\ndestination:\n  ${where}\n${settings}\n`,
          )
          const ran = await cli(folder, ['sync', '--streams', NAMES.join(), '--log-level', 'trace', '--json'])
          expect(ran.code, ran.stderr).toBe(0)
          expect(ran.stderr).not.toBe('')
          const folders = [folder, ...(destination.kind === 'duckdb' ? [dirname(destination.file)] : [])]
          const everything = [...(await leftBehind(destination, folders)), ran.stdout, ran.stderr]
          await look({ everything, secrets, report: JSON.parse(ran.stdout), destination })
        }),
      ),
    )
  }
  const sumOf = (report: Json, count: string): number =>
    (report as { streams: Record<string, number>[] }).streams.reduce((sum, stream) => sum + (stream[count] ?? 0), 0)
  const isHashed = /^[0-9a-f]{64}$/

  test('I9: by default, no code is in a table, in _extra, in a reject, in a file or in a log', async () => {
    await synced('', async ({ everything, secrets, report, destination }) => {
      expect(secrets.length).toBeGreaterThan(250)
      expect(found(everything, secrets)).toEqual([])
      // Not because the records went missing.
      expect(sumOf(report, 'rejected')).toBe(NAMES.length)
      expect(sumOf(report, 'added')).toBeGreaterThan(5 * NAMES.length)
      await withQuery(destination, async query => {
        const [settings] = await query(`select value from recharge._sync_settings where name = 'salt'`)
        const salt = Buffer.from(String(settings?.value), 'hex')
        const rows = await query(
          `select redemption_code as code, cast(_extra as text) as extra from recharge.credit_accounts order by id`,
        )
        const digest = (secret = ''): string => createHash('sha256').update(salt).update(secret).digest('hex')
        // The streams are in the order of the schema, and so are the codes.
        const ours = secrets.map(digest)
        expect(ours).toContain(rows[0]?.code)
        expect(ours).toContain(JSON.parse(String(rows[0]?.extra)).gift_code._sync_sha256)
      })
    })
  })

  test('I9: nor with drift: evolve and on_mismatch: reject; the columns that are made hold hashes', async () => {
    await synced('drift: evolve\non_mismatch: reject', async ({ everything, secrets, report, destination }) => {
      expect(found(everything, secrets)).toEqual([])
      expect(sumOf(report, 'rejected')).toBeGreaterThan(NAMES.length)
      const rows = await withQuery(destination, query =>
        query(`select gift_code, redemption_code, giftcode from recharge.customers where gift_code is not null`),
      )
      expect(rows.length).toBeGreaterThan(1)
      for (const { gift_code } of rows) expect(gift_code).toMatch(isHashed)
      expect(rows[0]?.redemption_code).toMatch(isHashed)
      expect(rows[0]?.giftcode).toMatch(isHashed)
    })
  })

  test('kept, they are all found: the search is one that can fail', async () => {
    await synced('sensitive: keep', async ({ everything, secrets }) => {
      expect(found(everything, secrets)).toEqual(secrets)
    })
  })
})
