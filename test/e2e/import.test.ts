import { createHash } from 'node:crypto'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createApp, STREAMS, select } from '../../src/cli/app.ts'
import { importable, importFile } from '../../src/cli/commands/import.ts'
import { replay } from '../../src/cli/commands/replay.ts'
import type { Config } from '../../src/cli/config/load.ts'
import { ConfigError } from '../../src/common/errors.ts'
import type { Instant } from '../../src/common/model.ts'
import type { DeclaredRange } from '../../src/jobs/import/declared-range.ts'
import type { StoreRecord } from '../../src/simulator/record.ts'
import type { Simulator } from '../../src/simulator/server.ts'
import type { Store } from '../../src/simulator/store.ts'
import { chargesCsv } from '../support/charges-csv.ts'
import { cli, writeConfig } from '../support/cli.ts'
import { DESTINATIONS, type DestinationConfig, withFolder } from '../support/destinations.ts'
import { dump, withQuery } from '../support/dump.ts'
import { firstLoad } from '../support/first-load.ts'
import { configFor, makeStore, runSync, withSimulator } from '../support/run.ts'
import { leftBehind } from '../support/secrets.ts'

const charges = STREAMS.filter(({ name }) => name === 'charges')
const stream = importable('charges')
const { signal } = new AbortController()

interface ImportResult {
  readonly records: number
  readonly added: number
  readonly changed: number
  readonly unchanged: number
  readonly from_api: number
  readonly served_by_api: number
  readonly rejected: number
  readonly mismatched: Readonly<Record<string, number>>
  readonly unknown_columns: readonly string[]
  readonly dry_run: boolean
  readonly oldest: Instant | null
  readonly newest: Instant | null
  readonly complete_from: Instant | null
}

/** Under it a value that does not fit costs its whole record. */
const strict = (config: Config): Config => ({ ...config, policies: { ...config.policies, onMismatch: 'reject' } })

async function runImport(
  config: Config,
  file: string,
  dryRun = false,
  range: DeclaredRange | null = null,
): Promise<ImportResult> {
  const app = createApp(config, { level: 'silent' })
  const { code, json } = await importFile(app, stream, file, { dryRun, range }, signal)
  expect(code).toBe(0)
  return json as ImportResult
}

/** Every row of the tables, with the time when it was written. */
async function everything(destination: DestinationConfig): Promise<unknown> {
  const synced = await withQuery(destination, query =>
    query('select cast(id as text) as id, cast(_synced_at as text) as at from recharge.charges order by id'),
  )
  return { synced, ...(await dump(destination, charges)) }
}

interface Context {
  readonly destination: DestinationConfig
  readonly config: Config
  /** Writes these charges to a file as an export. @returns the file. */
  readonly exported: (records: readonly StoreRecord[], eol?: '\n' | '\r\n') => string
}

describe.each(DESTINATIONS)('$name', place => {
  type Work = (store: Store, context: Context) => Promise<void>
  const newStore = () => makeStore({ customers: 50, months: 9 })
  const at = (simulator: Simulator, destination: DestinationConfig, folder: string): Context => {
    let files = 0
    return {
      destination,
      config: configFor(simulator, destination, folder),
      exported(records, eol) {
        const file = join(folder, `charges-${++files}.csv`)
        writeFileSync(file, chargesCsv(records, eol))
        return file
      },
    }
  }
  /** A store, and a warehouse that is empty. */
  const inside = (work: Work): Promise<void> =>
    withSimulator({ store: newStore() }, simulator =>
      place.with(destination => withFolder(folder => work(simulator.store, at(simulator, destination, folder)))),
    )
  const loaded = firstLoad(place, destination =>
    withSimulator({ store: newStore() }, simulator =>
      withFolder(async folder => {
        expect((await runSync(configFor(simulator, destination, folder), ['charges'])).code).toBe(0)
        return simulator.store
      }),
    ),
  )
  /** A store, and a warehouse after a first sync of its charges. */
  const synced = (work: Work): Promise<void> =>
    loaded((destination, store) =>
      withSimulator({ store }, simulator => withFolder(folder => work(store, at(simulator, destination, folder)))),
    )

  const PROCESSED = ['success', 'refunded', 'partially_refunded']
  const processed = ({ status }: StoreRecord): boolean => PROCESSED.includes(String(status))

  test('I17: an export fills in what the API has forgotten, and leaves every row that the API gave', async () => {
    await synced(async (store, { destination, config, exported }) => {
      const before = await dump(destination, charges)
      const given = new Set(before.charges?.map(({ id }) => id))
      // The export differs from the records of the API, so that an overwritten row is noticed.
      const all = store.all('charges').filter(processed)
      const file = exported(
        all.map(charge => (given.has(String(charge.id)) ? { ...charge, total_price: '0.01' } : charge)),
      )
      const result = await runImport(config, file)
      const forgotten = all.filter(({ id }) => !given.has(String(id)))
      expect(forgotten.length).toBeGreaterThan(30)
      expect(result).toMatchObject({
        records: all.length,
        added: forgotten.length,
        changed: 0,
        unchanged: 0,
        from_api: all.length - forgotten.length,
        rejected: 0,
        unknown_columns: ['Warehouse Memo'],
      })
      const after = await dump(destination, charges)
      const keyed = (rows: readonly Readonly<Record<string, unknown>>[] = [], key = 'id') =>
        rows.filter(row => given.has(row[key] as string))
      expect(keyed(after.charges)).toEqual(before.charges)
      expect(keyed(after.charges__line_items, 'charge_id')).toEqual(before.charges__line_items)
      const imported = after.charges?.filter(({ _source }) => _source === 'export')
      expect(imported?.map(row => [row.id, row.status, row.total_price, row.processed_at, row._extra])).toEqual(
        forgotten.map(({ id, status, total_price, processed_at }) => [
          String(id),
          status,
          String(Number(total_price)),
          String(processed_at).slice(0, 19).replace('T', ' '),
          { export: { 'Warehouse Memo': 'kept' } },
        ]),
      )
      const titles = forgotten.flatMap(({ line_items: lines }) =>
        (lines as readonly { title: string }[]).map(({ title }) => `${title}, "as ordered"\nsecond line`),
      )
      const ids = new Set(forgotten.map(({ id }) => String(id)))
      const lines = after.charges__line_items?.filter(row => ids.has(row.charge_id as string))
      expect(lines?.map(({ title }) => title)).toEqual(titles)
    })
  })

  test('I4: importing the same file again changes nothing, with either kind of line ending', async () => {
    await inside(async (store, { destination, config, exported }) => {
      const all = store.all('charges').filter(processed)
      expect(await runImport(config, exported(all))).toMatchObject({ added: all.length, changed: 0, from_api: 0 })
      // A row that was marked as deleted since stays marked.
      await withQuery(destination, query =>
        query(`update recharge.charges set _deleted_at = timestamptz '2026-01-01 00:00:00Z' where id = ${all[5]?.id}`),
      )
      const before = await everything(destination)
      const other = exported(all.map((charge, i) => (i === 5 ? { ...charge, total_price: '3.33' } : charge)))
      for (const dry of [true, false])
        expect(await runImport(config, other, dry)).toMatchObject({ changed: 0, unchanged: all.length })
      const again = await runImport(config, exported(all, '\n'))
      expect(again).toMatchObject({ added: 0, changed: 0, unchanged: all.length, from_api: 0, rejected: 0 })
      expect(await everything(destination)).toEqual(before)
    })
  })

  test('I17: a record that the API returns later replaces the imported row and its mark, even if it is older', async () => {
    await inside(async (store, { destination, config, exported }) => {
      const all = store.all('charges').filter(processed)
      const ahead = all.map(charge => ({ ...charge, updated_at: '2030-01-01T00:00:00+00:00', total_price: '0.01' }))
      await runImport(config, exported(ahead))
      const report = (await runSync(config, ['charges'])).of('charges')
      const after = await dump(destination, charges)
      const imported = after.charges?.filter(({ _source }) => _source !== null).length ?? 0
      expect(report.changed).toBe(all.length - imported)
      expect(report.changed).toBeGreaterThan(10)
      for (const row of after.charges ?? []) expect(row.total_price === '0.01').toBe(row._source === 'export')
      // The replaced rows now count as rows from the API.
      const fresh = await runImport(config, exported(ahead))
      expect(fresh).toMatchObject({ added: 0, changed: 0, unchanged: imported, from_api: all.length - imported })
      expect(await dump(destination, charges)).toEqual(after)
    })
  })

  test('what the API never forgets is left out: a queued charge of an old export is gone, and does not come back', async () => {
    await inside(async (store, { destination, config, exported }) => {
      const all = store.all('charges')
      const queued = all.filter(({ status }) => status === 'queued')
      expect(queued.length).toBeGreaterThan(10)
      for (const { id } of queued) store.remove('charges', Number(id))
      const done = all.filter(processed)
      const result = await runImport(config, exported(all))
      expect(result).toMatchObject({
        records: done.length,
        added: done.length,
        served_by_api: all.length - done.length,
      })
      const states = 'select distinct status from recharge.charges order by status'
      const found = await withQuery(destination, query => query(states))
      expect(found.map(({ status }) => PROCESSED.includes(String(status)))).toEqual(found.map(() => true))
    })
  })

  test('a dry run says what would become of each record, and writes nothing', async () => {
    await synced(async (store, { destination, config: kept, exported }) => {
      const config = strict(kept)
      const all = store.all('charges').filter(processed)
      const early = exported(all.slice(0, 40))
      await runImport(config, early)
      const changed = all.map((charge, i) => ({
        ...charge,
        total_price: i === 3 ? 'much' : i < 3 ? '1.25' : charge.total_price,
      }))
      const file = exported(changed)
      const before = await everything(destination)
      const state =
        'select cast(stream as text) as s, cast(version as text) as v from recharge._sync_checkpoints order by 1'
      const checkpoints = await withQuery(destination, query => query(state))
      const would = await runImport(config, file, true)
      expect(would).toMatchObject({ dry_run: true, changed: 3, rejected: 1 })
      expect(would.added).toBeGreaterThan(0)
      expect(would.unchanged).toBeGreaterThan(0)
      expect(would.from_api).toBeGreaterThan(0)
      expect(await everything(destination)).toEqual(before)
      expect(await withQuery(destination, query => query(state))).toEqual(checkpoints)
      expect(await withQuery(destination, query => query('select * from recharge._sync_rejects'))).toEqual([])
      const did = await runImport(config, file)
      expect({ ...did, run: null, dry_run: true }).toEqual({ ...would, run: null })
      const [reject, ...more] = await withQuery(destination, query =>
        query('select stream, key, path, reason from recharge._sync_rejects'),
      )
      expect(reject).toEqual({
        stream: 'charges',
        key: String(all[3]?.id),
        path: 'total_price',
        reason: '"much" is not a number',
      })
      expect(more).toEqual([])
    })
  })

  test('a file in which too much is wrong, and one that breaks off, leave no trace', async () => {
    await synced(async (store, { destination, config, exported }) => {
      const all = store.all('charges').filter(processed)
      const before = await everything(destination)
      const wrong = exported(all.map((charge, i) => (i > 100 ? { ...charge, total_price: 'much' } : charge)))
      const few = strict({ ...config, maxRejects: 3 })
      await expect(runImport(few, wrong)).rejects.toThrow(
        /cannot be loaded, and max_rejects is 3; the first of them:\n.*total_price: "much" is not a number/,
      )
      const broken = join(config.directory, 'broken.csv')
      writeFileSync(broken, `${chargesCsv(all)}1,"never closed`)
      await expect(runImport(config, broken)).rejects.toThrow(ConfigError)
      expect(await everything(destination)).toEqual(before)
      const remaining = await withQuery(destination, query =>
        query(`select stream from recharge._sync_checkpoints where stream like 'import%'`),
      )
      expect(remaining).toEqual([])
    })
  })

  test('a value that does not fit costs its column only, and the result names it', async () => {
    await inside(async (store, { destination, config, exported }) => {
      const [a = {}, b = {}] = store.all('charges').filter(processed)
      const file = exported([a, { ...b, total_price: 'much' }])
      const expected = { added: 2, rejected: 0, mismatched: { total_price: 1 } }
      expect(await runImport(config, file, true)).toMatchObject(expected)
      expect(await runImport(config, file)).toMatchObject(expected)
      const rows = await withQuery(destination, query =>
        query(
          `select cast(id as text) as id, cast(_extra as text) as extra from recharge.charges where total_price is null`,
        ),
      )
      expect(rows.map(({ id, extra }) => [id, JSON.parse(String(extra)).total_price])).toEqual([[String(b.id), 'much']])
    })
  })

  test('an import has a checkpoint and a report of its own, and moves no stream', async () => {
    await synced(async (store, { destination, config, exported }) => {
      const state = `select cast(version as text) as v, cast(watermark as text) as w, cast(report as text) as r
        from recharge._sync_checkpoints where stream = 'charges'`
      const before = await withQuery(destination, query => query(state))
      const all = store.all('charges').filter(processed)
      await runImport(config, exported(all))
      expect(await withQuery(destination, query => query(state))).toEqual(before)
      const [own] = await withQuery(destination, query =>
        query(
          `select cast(version as text) as v, cast(report as text) as r from recharge._sync_checkpoints where stream = 'import:charges'`,
        ),
      )
      expect(own?.v).toBe('1')
      expect(JSON.parse(String(own?.r))).toMatchObject({ outcome: 'complete', records: all.length })
      const kept = await withQuery(destination, query => query(`select outcome from recharge._sync_runs`))
      expect(kept).toHaveLength(2)
    })
  })

  test('I9: a line of the file that does not fit the header is rejected without its values if a column is hashed', async () => {
    await inside(async (_store, { destination, config: kept, exported }) => {
      const columns = { charges: { customer_email: 'hash' } } as const
      const file = exported([])
      writeFileSync(
        file,
        'Charge ID,Email,Charge Status,Processed At,Updated At\n12345,someone@store.example,SUCCESS\n',
      )
      const hiding: Config = { ...kept, policies: { ...kept.policies, columns } }
      for (const [config, shown] of [[hiding, 0] as const, [kept, 1] as const]) {
        expect(await runImport(config, file)).toMatchObject({ added: 0, rejected: 1 })
        const values = await leftBehind(destination, [])
        expect(values.filter(value => value.includes('someone@store.example'))).toHaveLength(shown)
      }
    })
  })

  test('I9: an import hashes the same columns as a sync, and a replayed reject stays marked as imported', async () => {
    await inside(async (store, { destination, config: kept, exported }) => {
      const columns = { charges: { customer_email: 'hash' } } as const
      const config = strict({ ...kept, policies: { ...kept.policies, columns } })
      const [a = {}, b = {}] = store.all('charges').filter(processed)
      const emails = [a, b].map(({ customer }) => String((customer as StoreRecord).email))
      const file = exported([a, { ...b, total_price: 'much' }])
      expect(await runImport(config, file, true)).toMatchObject({ added: 1, rejected: 1 })
      expect(await runImport(config, file)).toMatchObject({ added: 1, rejected: 1 })
      const values = async () =>
        (await leftBehind(destination, [])).filter(value => emails.some(e => value.includes(e)))
      expect(await values()).toEqual([])

      const app = createApp({ ...config, policies: { ...config.policies, onMismatch: 'null' } }, { level: 'silent' })
      expect((await replay(app, select(app, null), signal)).json).toMatchObject({ streams: [{ added: 1, kept: 0 }] })
      expect(await values()).toEqual([])
      const rows = await withQuery(destination, query =>
        query(`select c.customer_email as email, c._source as source, s.value as salt
               from recharge.charges c, recharge._sync_settings s where s.name = 'salt'`),
      )
      const digests = rows.map(({ salt }, i) =>
        createHash('sha256')
          .update(Buffer.from(String(salt), 'hex'))
          .update(emails[i] ?? '')
          .digest('hex'),
      )
      expect(rows.map(({ email }) => email).sort()).toEqual(digests.sort())
      expect(rows.map(({ source }) => source)).toEqual(['export', 'export'])
      // Importing the file again finds the row unchanged.
      expect(await runImport(config, file)).toMatchObject({ added: 0, unchanged: 1 })
    })
  })
})

const CONFIG = 'recharge: { token: made_up }\ndestination: { duckdb: warehouse.duckdb }\n'

test('on the command line: a dry run creates no file, a wrong file exits 2, --help has an example', async () => {
  await withFolder(async folder => {
    writeConfig(folder, CONFIG)
    writeFileSync(join(folder, 'old.csv'), 'Charge ID,Processed At,Memo\n1,2023-01-01,x\n2,2023-01-02,y\n')
    const dry = await cli(folder, ['import', 'charges', 'old.csv', '--dry-run'])
    expect([dry.code, dry.stderr]).toEqual([0, ''])
    expect(dry.stdout).toContain('2 charges, of which 2 would be added')
    expect(dry.stdout).toContain('1 unknown column, kept in _extra: Memo')
    expect(existsSync(join(folder, 'warehouse.duckdb'))).toBe(false)
    writeFileSync(join(folder, 'keyless.csv'), 'Memo,Processed At\nx,2023-01-01\n')
    const refused = await cli(folder, ['import', 'charges', 'keyless.csv'])
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain('keyless.csv (line 1): has no column for id')
    expect(existsSync(join(folder, 'warehouse.duckdb'))).toBe(false)
    const real = await cli(folder, ['import', 'charges', 'old.csv', '--json'])
    expect(real.code).toBe(0)
    expect(JSON.parse(real.stdout)).toMatchObject({ added: 2, dry_run: false, unknown_columns: ['Memo'] })
    const help = await cli(folder, ['import', '--help'])
    expect(help.stdout).toContain('npm run -s cli -- import charges charges-2023.csv --dry-run')
  })
})
