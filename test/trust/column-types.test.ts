import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createApp, select } from '../../src/cli/app.ts'
import { check } from '../../src/cli/commands/check.ts'
import { importable, importFile } from '../../src/cli/commands/import.ts'
import { plan } from '../../src/cli/commands/plan.ts'
import { replay } from '../../src/cli/commands/replay.ts'
import { status } from '../../src/cli/commands/status.ts'
import type { Config } from '../../src/cli/config/load.ts'
import type { Simulator } from '../../src/simulator/server.ts'
import { chargesCsv } from '../support/charges-csv.ts'
import { DESTINATIONS, withFolder } from '../support/destinations.ts'
import { withQuery } from '../support/dump.ts'
import { configFor, makeStore, runBackfill, runReconcile, runSync, withSimulator } from '../support/run.ts'

const STREAMS = ['customers', 'orders']
const { signal } = new AbortController()

describe.each(DESTINATIONS)('$name', place => {
  interface Scene {
    readonly simulator: Simulator
    readonly config: Config
    readonly folder: string
    ask(sql: string): Promise<Record<string, unknown>[]>
    /** As if an older version had declared the column, whose values are texts, as JSON. */
    asJson(table: string, column: string): Promise<unknown>
  }

  /** A warehouse with two streams that were read. */
  const scene = (work: (scene: Scene) => Promise<void>): Promise<void> =>
    withSimulator({ store: makeStore({ customers: 5, months: 2 }) }, simulator =>
      place.with(destination =>
        withFolder(async folder => {
          const config = configFor(simulator, destination, folder)
          const ask: Scene['ask'] = sql => withQuery(destination, query => query(sql))
          expect((await runSync(config, STREAMS)).code).toBe(0)
          const [json, toJson] = destination.kind === 'duckdb' ? ['json', 'to_json'] : ['jsonb', 'to_jsonb']
          const asJson: Scene['asJson'] = (table, column) =>
            ask(`alter table recharge.${table} alter column ${column} type ${json} using ${toJson}(${column})`)
          await work({ simulator, config, folder, ask, asJson })
        }),
      ),
    )

  const NAMES = 'select first_name from recharge.customers order by id'

  test('K6/51: a column of an older type is converted before its stream is read, which goes on where it was', () =>
    scene(async ({ simulator, config, ask, asJson }) => {
      const names = await ask(NAMES)
      await asJson('customers', 'first_name')
      const app = createApp(config, { level: 'silent' })
      const changes = await plan(app, select(app, ['customers']), signal)
      expect(changes.json).toMatchObject({
        ddl: [expect.stringMatching(/alter table .*customers.* type .*text.* using/is)],
      })
      simulator.clearRequests()
      const ran = await runSync(config, STREAMS)
      expect(ran.code, ran.text).toBe(0)
      const { outcome, from, problem, changed } = ran.of('customers')
      expect({ outcome, changed, isIncremental: from !== null }).toEqual({
        outcome: 'complete',
        changed: 0,
        isIncremental: true,
      })
      expect(problem).toMatchObject({ code: 'migrated' })
      expect(problem?.message).toMatch(/customers\.first_name was jsonb? and is (text|varchar) now/)
      expect(simulator.requests.filter(({ path }) => path === '/customers')).toHaveLength(1)
      expect(ran.of('orders').problem).toBeNull()
      expect(await ask(NAMES)).toEqual(names)
      const again = await runSync(config, STREAMS)
      expect(again.of('customers')).toMatchObject({ outcome: 'complete', problem: null, changed: 0 })
    }))

  test('K6/51: a view that uses such a column fails its stream alone, is named everywhere, and the next sync after it is gone converts', () =>
    scene(async ({ config, ask, asJson }) => {
      const names = await ask(NAMES)
      await asJson('customers', 'first_name')
      await ask('create view recharge.first_names as select first_name from recharge.customers')
      const app = createApp(config, { level: 'silent' })
      const checked = await check(app, select(app, STREAMS), signal)
      // A DuckDB file that is only read does not show what uses a column.
      if (place.name === 'postgres') {
        expect(checked.code).toBe(1)
        expect(checked.text).toContain('customers: customers.first_name is jsonb')
        expect(checked.text).toContain('view recharge.first_names')
      } else expect(checked.code).toBe(0)
      for (let tries = 0; tries < 2; tries++) {
        const ran = await runSync(config, STREAMS)
        expect(ran.code).toBe(1)
        expect(ran.of('orders')).toMatchObject({ outcome: 'complete', problem: null })
        const { outcome, problem, requests } = ran.of('customers')
        expect({ outcome, requests, code: problem?.code }).toEqual({ outcome: 'failed', requests: 0, code: 'in_use' })
        expect(problem?.message).toContain('view recharge.first_names')
        expect(problem?.next).toMatch(/Drop it \(view recharge\.first_names\), or recreate it.*next sync converts/)
      }
      expect(await ask('select first_name from recharge.first_names')).toHaveLength(names.length)
      const { json } = await status(app, select(app, STREAMS), null)
      expect(json).toMatchObject({
        streams: [{ stream: 'customers', problem: { code: 'in_use' } }, { stream: 'orders' }],
      })
      expect(
        (await runBackfill(config, ['customers'], { since: null, until: null }, false)).of('customers').problem?.code,
      ).toBe('in_use')
      await ask('drop view recharge.first_names')
      const ran = await runSync(config, STREAMS)
      expect(ran.code, ran.text).toBe(0)
      expect(ran.of('customers').problem?.code).toBe('migrated')
      expect(await ask(NAMES)).toEqual(names)
    }))

  test('K6/51: a value that cannot be converted fails its stream alone, with the way out', () =>
    scene(async ({ simulator, config, ask }) => {
      const ids = await ask('select id from recharge.customers order by id')
      await ask('alter table recharge.customers drop column subscriptions_active_count')
      await ask('alter table recharge.customers add column subscriptions_active_count text')
      await ask(`update recharge.customers set subscriptions_active_count = 'two' where id = ${ids[0]?.id}`)
      const app = createApp(config, { level: 'silent' })
      const checked = await check(app, select(app, STREAMS), signal)
      expect(checked.code).toBe(1)
      expect(checked.text).toContain('1 of its values cannot be read as bigint, such as "two"')
      const ran = await runSync(config, STREAMS)
      expect([ran.code, ran.of('orders').outcome]).toEqual([1, 'complete'])
      const { problem } = ran.of('customers')
      expect(problem).toMatchObject({ code: 'incompatible' })
      expect(problem?.message).toContain('such as "two"')
      const [rename = ''] = /alter table .*?;/s.exec(problem?.next ?? '') ?? []
      await ask(rename)
      simulator.clearRequests()
      const mended = await runSync(config, STREAMS)
      expect(mended.code, mended.text).toBe(0)
      expect(mended.of('customers')).toMatchObject({ from: null, problem: { code: 'column_missing' } })
      // Rows that are written again have the new value alone.
      expect(
        await ask(
          `select count(*) as n from recharge.customers where subscriptions_active_count is null or subscriptions_active_count_was_text is not null`,
        ),
      ).toEqual([{ n: expect.toSatisfy(n => Number(n) === 0) }])
    }))

  test('K6/51: a command without the lock converts nothing, and says what does', () =>
    scene(async ({ config, ask, asJson }) => {
      await asJson('customers', 'first_name')
      const compared = await runReconcile(config, STREAMS)
      expect(compared.code).toBe(1)
      expect(compared.text).toMatch(/customers\.first_name is jsonb? and has to become (text|varchar)/)
      expect(compared.text).toContain('Run sync')
      const types = await ask(
        `select data_type from information_schema.columns where table_schema = 'recharge' and table_name = 'customers' and column_name = 'first_name'`,
      )
      expect(String(types[0]?.data_type)).toMatch(/json/i)
      const repaired = await runReconcile(config, STREAMS, { repair: true })
      expect(repaired.code, repaired.text).toBe(0)
    }))

  test('K6/51: an import and a replay convert too, and stop with what is in the way', () =>
    scene(async ({ simulator, config, folder, ask, asJson }) => {
      const { store } = simulator
      store.edit('customers', Number(store.all('customers')[0]?.id), { subscriptions_active_count: 'three' })
      store.advance(60_000)
      const strict = { ...config, policies: { ...config.policies, onMismatch: 'reject' as const } }
      await runSync(strict, ['customers', 'charges'])
      await asJson('customers', 'first_name')
      await asJson('charges', 'note')
      const file = join(folder, 'charges.csv')
      writeFileSync(file, chargesCsv(store.all('charges').slice(0, 2)))
      const commands = {
        charges: () =>
          importFile(
            createApp(config, { level: 'silent' }),
            importable('charges'),
            file,
            { dryRun: false, range: null },
            signal,
          ),
        customers: () => {
          const app = createApp(config, { level: 'silent' })
          return replay(app, select(app, ['customers']), signal)
        },
      }
      for (const [table, column] of [
        ['charges', 'note'],
        ['customers', 'first_name'],
      ] as const) {
        await ask(`create view recharge.looks as select ${column} from recharge.${table}`)
        await expect(commands[table]()).rejects.toMatchObject({ code: 'in_use' })
        await ask('drop view recharge.looks')
        expect((await commands[table]()).code).toBe(0)
        expect((await runSync(config, [table])).of(table).problem?.code).not.toBe('migrated')
      }
    }))
})
