import { expect, test } from 'vitest'
import { STREAMS } from '../../src/cli/app.ts'
import { fixturesOf } from '../../src/cli/fixtures.ts'
import { startSimulator } from '../../src/simulator/server.ts'
import { cli, writeConfig } from '../support/cli.ts'
import { type DestinationConfig, withFolder } from '../support/destinations.ts'
import { dump } from '../support/dump.ts'
import { configFor, makeStore, runSync, withSimulator } from '../support/run.ts'

const duckdb = (folder: string): DestinationConfig => ({
  kind: 'duckdb',
  file: `${folder}/warehouse.duckdb`,
  schema: 'recharge',
})
/** Requests after which the server goes. */
const UNTIL = 30

test('the server goes in mid-run and stays away: told once, one message, exit 1 after the patience that is set', async () => {
  await withSimulator({ store: makeStore({ customers: 300, months: 6 }), latencyMs: 20 }, simulator =>
    withFolder(async folder => {
      let seen = 0
      simulator.faults.before(() => {
        seen += 1
        if (seen === UNTIL) void simulator.close()
      })
      writeConfig(
        folder,
        `recharge:
  token: \${RECHARGE_ACCESS_TOKEN}
  base_url: ${simulator.url}
  rate: { bucket: 100000, per_second: 10000 }
  patience: 5s
destination:
  duckdb: warehouse.duckdb
`,
      )
      const ran = await cli(folder, ['sync', '--no-progress', '--log-level', 'warn'], {
        RECHARGE_ACCESS_TOKEN: simulator.token,
      })
      expect(ran.code, ran.stdout).toBe(1)
      const told = ran.stderr.match(
        /outage: message 127\.0\.0\.1:\d+ cannot be reached: .*ECONNREFUSED.*patience_ms 5000/g,
      )
      expect(told?.length, ran.stderr).toBe(1)
      expect(ran.stdout.match(/could not be reached for 5 s: .*ECONNREFUSED/g)?.length, ran.stdout).toBe(1)
      expect(ran.stdout.match(/could not be reached/g)?.length).toBe(1)
      expect(ran.stdout).toContain('recharge.patience says how long a run waits')
    }),
  )
})

test('the server comes back within the patience: the run goes on and ends complete, with every record', async () => {
  const store = makeStore({ customers: 100, months: 6 })
  const tables = STREAMS.filter(({ name }) => ['customers', 'orders', 'subscriptions'].includes(name))
  const names = tables.map(({ name }) => name)
  await withSimulator({ store, latencyMs: 20 }, simulator =>
    withFolder(async folder => {
      const { url } = simulator
      const config = configFor(simulator, duckdb(folder), folder, { patienceMs: 60_000 })
      let isBack: Promise<AsyncDisposable> | null = null
      simulator.faults.before(() => {
        isBack ??= simulator.close().then(async () => {
          await new Promise(resolve => setTimeout(resolve, 500))
          return startSimulator({
            store,
            fixtures: fixturesOf(STREAMS),
            bucket: 100_000,
            perSecond: 10_000,
            port: Number(new URL(url).port),
          })
        })
      })
      const ran = await runSync(config, names)
      await using _server = await (isBack as unknown as Promise<AsyncDisposable>)
      expect(ran.code, ran.text).toBe(0)
      const rows = await dump(duckdb(folder), tables)
      for (const name of names) expect([name, rows[name]?.length]).toEqual([name, ran.of(name).added])
      expect(rows.orders?.length).toBe(store.count('orders'))
    }),
  )
})
