import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { views } from '../../schemas/views/index.ts'
import { createApp, STREAMS, select } from '../../src/cli/app.ts'
import { forgetPerson } from '../../src/cli/commands/forget.ts'
import { importFile } from '../../src/cli/commands/import.ts'
import { replay } from '../../src/cli/commands/replay.ts'
import type { Config } from '../../src/cli/config/load.ts'
import { historyTable } from '../../src/schema/history-table.ts'
import type { Simulator } from '../../src/simulator/server.ts'
import { chargesCsv } from '../support/charges-csv.ts'
import { cli, writeConfig } from '../support/cli.ts'
import { DESTINATIONS, type DestinationConfig, withFolder } from '../support/destinations.ts'
import { type Dump, dump, withQuery } from '../support/dump.ts'
import { changeLater, IDS, OWN, PERSON, PLANTED, spoil, storeWithPerson, TEXTS } from '../support/planted-person.ts'
import { embedded } from '../support/postgres-server.ts'
import { clockFor, configFor, runBackfill, runReconcile, runSync, STREAM_NAMES, withSimulator } from '../support/run.ts'
import { searchBytes } from '../support/search-bytes.ts'

const { signal } = new AbortController()
const HISTORY = STREAMS.filter(({ name }) => name === 'subscriptions').map(historyTable)
/** Streams that a backfill can read. A sync reads the others completely. */
const RANGED = STREAMS.filter(({ sync }) => sync.mode === 'incremental').map(({ name }) => name)
/** Streams that are enough where only some of the places matter. */
const FEW = ['customers', 'charges']

const KEPT = views.filter(({ materialized }) => materialized).map(({ name }) => name)

interface Place {
  readonly simulator: Simulator
  readonly config: Config
  readonly folder: string
  readonly destination: DestinationConfig
}

const appFor = (config: Config) => createApp(config, { level: 'silent', now: clockFor(config) })

const forget = (
  config: Config,
  who: { readonly customer?: string; readonly email?: string },
  dryRun = false,
  stop: AbortSignal = signal,
) => forgetPerson(appFor(config), { customer: null, email: null, ...who, dryRun }, stop)

const withWarehouse = (destination: DestinationConfig, work: (place: Place) => Promise<void>): Promise<void> =>
  withSimulator({ store: storeWithPerson() }, simulator =>
    withFolder(folder =>
      work({
        simulator,
        config: {
          ...configFor(simulator, destination, folder),
          history: ['subscriptions'],
          // A view with addresses is kept as a table, and no other.
          materialize: { add: ['customers_360'], except: KEPT },
        },
        folder,
        destination,
      }),
    ),
  )

const marksIn = async (destination: DestinationConfig): Promise<number> => {
  const [row] = await withQuery(destination, query =>
    query(`select cast(count(*) as text) as n from "${destination.schema}"._sync_forgotten`),
  )
  return Number(row?.n)
}

/** Rows that are not of the person, each as one text. */
const others = (all: Dump): readonly string[] =>
  Object.entries(all).flatMap(([table, rows]) =>
    rows.filter(row => !OWN.has(String(Object.values(row)[0]))).map(row => `${table} ${JSON.stringify(row)}`),
  )

const textsIn = (all: Dump): readonly string[] => {
  const text = JSON.stringify(all)
  return TEXTS.filter(planted => text.includes(planted))
}

/** A database, and the folder in which all its bytes are. */
interface Bytes {
  readonly destination: DestinationConfig
  /** Has the database keep statistics of the columns, with values of them, where it does so. */
  analyze(): Promise<unknown>
  /** The texts that stand in its files. */
  search(texts: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>>
}

/** Every database with a folder that nothing else writes to: a server of its own, or a file. */
const PLACES: readonly { readonly name: string; with(work: (bytes: Bytes) => Promise<void>): Promise<void> }[] = [
  {
    name: 'duckdb',
    with: work =>
      withFolder(async folder => {
        const copy = join(folder, 'read.duckdb')
        await work({
          destination: {
            kind: 'duckdb',
            file: join(folder, 'warehouse.duckdb'),
            schema: 'recharge',
            readCopy: copy,
          },
          analyze: async () => {},
          search: async texts => searchBytes(folder, texts),
        })
      }),
  },
  {
    name: 'postgres',
    with: async work => {
      const server = await embedded()
      try {
        const client = new pg.Client({ connectionString: server.url })
        client.on('error', () => {})
        await client.connect()
        const { rows } = await client.query('show data_directory')
        await work({
          destination: { kind: 'postgres', url: server.url, schema: 'recharge' },
          analyze: () => client.query('analyze'),
          async search(texts) {
            await client.query('checkpoint')
            // What docs/forget.md names: the log of the server has what was written until it is recycled.
            return searchBytes(String(rows[0].data_directory), texts, ['pg_wal'])
          },
        })
        await client.end()
      } finally {
        await server.stop()
      }
    },
  },
]

describe.each(PLACES)('$name', place => {
  test('I29: no byte of a person is left, nor comes back', async () => {
    await place.with(({ destination, analyze, search }) =>
      withWarehouse(destination, async ({ simulator: { store }, config, folder }) => {
        const dumped = async (): Promise<Dump> => {
          const all = await dump(config.destination, STREAMS, HISTORY)
          const rejects = await withQuery(destination, query =>
            query('select key, path, reason, cast(record as text) as record from recharge._sync_rejects'),
          )
          const reports = await withQuery(destination, query =>
            query(`select cast(report as text) as report from recharge._sync_runs
              union all select cast(report as text) from recharge._sync_checkpoints`),
          )
          const kept = await withQuery(destination, query =>
            query(
              'select cast(customer_id as text) as id, email from recharge._view_customers_360 order by customer_id',
            ),
          )
          return { ...all, rejects, reports, kept }
        }
        const state = (): readonly string[] => [...searchBytes(join(folder, 'state'), TEXTS).keys()]
        const found = async (): Promise<unknown> => ({
          tables: textsIn(await dumped()),
          bytes: Object.fromEntries(await search(TEXTS)),
          state: state(),
        })
        const NONE = { tables: [], bytes: {}, state: [] }
        const first = await runSync({ ...config, views: true }, STREAM_NAMES)
        expect(first.code, first.text).toBe(0)
        changeLater(store)
        await runSync(config, ['customers', 'subscriptions'])
        spoil(store)
        const strict = { ...config, policies: { ...config.policies, onMismatch: 'reject' as const } }
        expect((await runSync(strict, ['onetimes'])).of('onetimes').rejected).toBe(1)
        const refused = await runSync({ ...strict, maxRejects: 0 }, ['onetimes'])
        expect(refused.of('onetimes').problem?.message).toContain(PLANTED.rejected)

        await analyze()
        // All are there before, in the tables, in the bytes and in the reports, so that the search can fail.
        const before = await dumped()
        expect(TEXTS.filter(text => !textsIn(before).includes(text) && text !== PLANTED.before)).toEqual([])
        expect((await search(TEXTS)).size).toBeGreaterThan(20)
        expect(before.kept).toContainEqual({ id: PERSON, email: PLANTED.email })
        expect(state()).toContain(PLANTED.rejected)
        if (destination.kind === 'duckdb' && destination.readCopy)
          expect(searchBytes(dirname(destination.readCopy), [PLANTED.email]).get(PLANTED.email)).toContain(
            'read.duckdb',
          )

        const preview = await forget(config, { customer: PERSON }, true)
        expect(preview.code, preview.text).toBe(0)
        expect(others(await dumped())).toEqual(others(before))
        expect(textsIn(await dumped())).toEqual(textsIn(before))
        const forgot = await forget(config, { customer: PERSON })
        expect(forgot.code, forgot.text).toBe(0)
        const { tables, reports } = preview.json as { tables: unknown; reports: unknown }
        expect(forgot.json).toMatchObject({
          outcome: 'erased',
          customers: [PERSON],
          tables,
          reports,
          remains: [],
          problems: [],
        })
        expect(await found()).toEqual(NONE)
        const after = await dumped()
        const stable = ({ reports: _reports, ...all }: Dump): readonly string[] => others(all)
        expect(stable(after)).toEqual(stable(before))
        // Ids, amounts, times, products and states stay.
        const charge = after.charges?.find(({ id }) => id === String(IDS.charge))
        const was = before.charges?.find(({ id }) => id === String(IDS.charge))
        expect(charge).toMatchObject({ total_price: was?.total_price, status: was?.status, customer_id: PERSON })
        // A fingerprint of what was there would let somebody test guesses.
        expect(charge?._hash).toBe('-1')
        expect(after.charges__line_items?.map(({ title, sku, quantity }) => [title, sku, quantity])).toEqual(
          before.charges__line_items?.map(({ title, sku, quantity }) => [title, sku, quantity]),
        )

        // Nothing brings it back: each record arrives again, and is stored without what is personal.
        const app = () => appFor(config)
        const range = { since: null, until: null }
        const again = await runBackfill(config, RANGED, range, false)
        expect(again.code, again.text).toBe(0)
        expect(again.of('charges').records).toBe(store.count('charges'))
        const synced = await runSync(config, STREAM_NAMES)
        expect(synced.code, synced.text).toBe(0)
        expect((await replay(app(), select(app(), null), signal)).code).toBe(0)
        const [charges] = select(app(), ['charges']).streams
        const csv = join(folder, 'charges.csv')
        const exported = { ...store.get('charges', IDS.charge), processed_at: '2026-01-02T00:00:00', status: 'success' }
        writeFileSync(csv, chargesCsv([{ ...exported, id: 7 }]))
        if (charges) await importFile(app(), charges, csv, { dryRun: false, range: null }, signal)
        rmSync(csv)
        // The clock of the store moves with what was edited: the last time a stream changed is long ago.
        const repaired = await runReconcile(config, ['charges'], { repair: true })
        expect(repaired.code, repaired.text).toBe(0)
        expect(await found()).toEqual(NONE)
        expect(stable(await dumped())).toEqual(stable(before))
        // Unchanged records are not written again.
        expect((await runSync(config, ['charges', 'orders'])).of('orders')).toMatchObject({ added: 0, changed: 0 })

        const twice = await forget(config, { customer: PERSON })
        expect([twice.code, (twice.json as { outcome: string }).outcome]).toEqual([0, 'known'])
        expect(readdirSync(join(folder, 'state', 'runs')).filter(name => name.endsWith('.part'))).toEqual([])
      }),
    )
  })
})

describe.each(DESTINATIONS)('$name', place => {
  test('a dry run writes nothing, and nobody unknown is marked', async () => {
    await place.with(destination =>
      withWarehouse(destination, async ({ config, folder }) => {
        expect((await forget(config, { customer: PERSON })).code).toBe(1)
        await runSync(config, FEW)
        const files = (): unknown =>
          [folder, ...(destination.kind === 'duckdb' ? [dirname(destination.file)] : [])].flatMap(where =>
            readdirSync(where, { recursive: true, withFileTypes: true })
              .filter(entry => entry.isFile())
              .map(entry => readFileSync(join(entry.parentPath, entry.name)).toString('base64')),
          )
        const before = files()
        const { code, json, text } = await forget(config, { email: ` ${PLANTED.email.toUpperCase()}` }, true)
        expect(code, text).toBe(0)
        expect(json).toMatchObject({
          outcome: 'erased',
          dry_run: true,
          customers: [PERSON],
          tables: { customers: 1, charges: 1, charges__line_items: expect.any(Number) },
          rewritten: [],
        })
        expect(files()).toEqual(before)
        for (const who of [{ customer: '999999999999' }, { email: 'nobody@example.com' }])
          expect((await forget(config, who)).json).toMatchObject({ outcome: 'unknown', customers: expect.anything() })
        expect(await marksIn(destination)).toBe(0)
        if (destination.kind === 'duckdb') {
          // As a command, which needs no token.
          const { file, schema } = destination
          const database = `destination: { duckdb: ${file}, schema: ${schema} }`
          writeConfig(folder, `recharge:\n  token: \${RECHARGE_ACCESS_TOKEN}\n${database}\n`)
          const ran = await cli(folder, ['forget', '--customer', PERSON, '--dry-run', '--json'])
          expect(ran.code, ran.stderr).toBe(0)
          expect(JSON.parse(ran.stdout)).toMatchObject({ outcome: 'erased', dry_run: true, customers: [PERSON] })
          expect((await cli(folder, ['forget'])).code).toBe(2)
        }
        for (const who of [{}, { customer: '1', email: 'a@b' }, { customer: 'x' }, { email: 'x' }])
          await expect(forget(config, who)).rejects.toMatchObject({ code: 'config' })
      }),
    )
  })

  test('an address that several have, and a customer who is only named by charges', async () => {
    await place.with(destination =>
      withWarehouse(destination, async ({ simulator: { store }, config }) => {
        const [other] = store.all('customers').filter(({ id }) => String(id) !== PERSON)
        store.edit('customers', Number(other?.id), { email: PLANTED.email })
        store.remove('customers', Number(PERSON))
        await runSync(config, FEW)
        const { code, json, text } = await forget(config, { email: PLANTED.email })
        expect(code, text).toBe(0)
        expect((json as { customers: string[] }).customers).toEqual([PERSON, String(other?.id)].sort())
        const all = await dump(
          destination,
          STREAMS.filter(({ name }) => FEW.includes(name)),
        )
        expect(textsIn(all)).toEqual([])
        expect(all.customers?.filter(({ email }) => email === null)).toHaveLength(1)
        expect(all.charges?.find(({ id }) => id === String(IDS.charge))).toMatchObject({ note: null })
      }),
    )
  })

  test('an inferred column, and one that an older version declared', async () => {
    await place.with(destination =>
      withWarehouse(destination, async ({ config }) => {
        const evolving = { ...config, policies: { ...config.policies, drift: 'evolve' as const } }
        await runSync(evolving, ['customers'])
        const columns = async (): Promise<unknown> => {
          const [{ nickname, older, own } = {}] = await withQuery(destination, query =>
            query(`select * from recharge.customers where id = ${PERSON}`),
          )
          return { nickname, older, own }
        }
        await withQuery(destination, async query => {
          for (const name of ['older', 'own']) await query(`alter table recharge.customers add column ${name} text`)
          await query(
            `update recharge.customers set older = '${PLANTED.undeclared}', own = 'of the user' where id = ${PERSON}`,
          )
          // As a version that declared it has recorded it.
          await query(`update recharge._sync_settings set value = replace(value, '"customers":["', '"customers":["older","')
            where name = 'tables'`)
        })
        expect(await columns()).toEqual({ nickname: PLANTED.undeclared, older: PLANTED.undeclared, own: 'of the user' })
        const { code, text } = await forget(evolving, { customer: PERSON })
        expect(code, text).toBe(0)
        expect(await columns()).toEqual({ nickname: null, older: null, own: 'of the user' })
        await runSync(evolving, ['customers'])
        // The row is written again, and a column that is declared no more is dropped when it is empty.
        expect(await columns()).toMatchObject({ nickname: null, older: undefined })
      }),
    )
  })

  test('what was interrupted goes on; another run at work keeps it out', async () => {
    await place.with(destination =>
      withWarehouse(destination, async ({ config }) => {
        await runSync(config, FEW)
        const stopped = new AbortController()
        stopped.abort()
        await expect(forget(config, { customer: PERSON }, false, stopped.signal)).rejects.toMatchObject({
          code: 'interrupted',
        })
        const app = appFor(config)
        const atWork = await app.open('write')
        await atWork.acquireLock(app.run)
        await expect(forget(config, { customer: PERSON })).rejects.toMatchObject({ code: 'held' })
        await atWork[Symbol.asyncDispose]()
        // The rows are erased, and their old bytes cannot be yet.
        await inTheWay(destination, async () => {
          await expect(forget(config, { email: PLANTED.email })).rejects.toThrow(
            destination.kind === 'duckdb' ? /directory/ : /old bytes are not yet: .* held by process \d+/,
          )
        })
        const waiting = async (): Promise<unknown> =>
          (
            await withQuery(destination, query =>
              query('select count(*) as n from recharge._sync_forgotten where to_rewrite is not null'),
            )
          ).map(({ n }) => Number(n) > 0)
        expect(await waiting()).toEqual([true])
        const { code, json, text } = await forget(config, { email: PLANTED.email })
        expect(code, text).toBe(0)
        expect((json as { rewritten: string[] }).rewritten).toContain('customers')
        expect(await waiting()).toEqual([false])
      }),
    )
  })

  test('a metafield that arrives before its charge is erased when the charge arrives', async () => {
    await place.with(destination =>
      withWarehouse(destination, async ({ simulator: { store }, config }) => {
        await runSync(config, ['customers'])
        expect((await forget(config, { customer: PERSON })).code).toBe(0)
        const value = async (): Promise<unknown> =>
          (await withQuery(destination, query => query('select value from recharge.metafields where id = 5520173')))[0]
        await runSync(config, ['metafields'])
        expect(await value()).toEqual({ value: PLANTED.metafield })
        await runSync(config, ['charges'])
        expect(await value()).toEqual({ value: null })
        if (destination.kind === 'duckdb')
          expect(searchBytes(dirname(destination.file), [PLANTED.metafield]).size).toBe(0)
        // In one run the charge is read first.
        const charge = { ...store.get('charges', IDS.charge), id: 8 }
        store.insert('charges', charge)
        store.insert('metafields', { ...store.get('metafields', 5520173), id: 9, owner_id: 8 })
        await runSync(config, ['charges', 'metafields'])
        const [later] = await withQuery(destination, query =>
          query('select value, namespace from recharge.metafields where id = 9'),
        )
        expect(later).toEqual({ value: null, namespace: 'survey' })
      }),
    )
  })
})

/** Something that keeps the tables from being rewritten, as long as `work` runs. */
async function inTheWay(destination: DestinationConfig, work: () => Promise<void>): Promise<void> {
  if (destination.kind === 'duckdb') {
    const part = `${destination.file}.compact`
    mkdirSync(join(part, 'in the way'), { recursive: true })
    await work()
    rmSync(part, { recursive: true })
    return
  }
  const client = new pg.Client({ connectionString: destination.url })
  await client.connect()
  try {
    await client.query('begin; select 1 from recharge.charges__tax_lines limit 1')
    await work()
  } finally {
    await client.end()
  }
}
