import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { DuckDBInstance } from '@duckdb/node-api'
import { describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { CLI, cli, type Exited, HOME } from '../support/cli.ts'
import { DESTINATIONS, type DestinationConfig, withFolder } from '../support/destinations.ts'
import { withQuery } from '../support/dump.ts'
import { fleetIn, type Stores, startStores, writeFleet } from '../support/fleet.ts'
import { LONG } from '../support/rounds.ts'
import { runReconcile } from '../support/run.ts'

const GOOD = LONG ? Array.from({ length: 47 }, (_, i) => `good${i + 1}`) : ['ash', 'birch']
const [first = '', second = ''] = GOOD
/** Milliseconds. Each store is a process of its own, and one of them hangs until it is ended. */
const PATIENCE = LONG ? 1_800_000 : 240_000
/** Streams that the figures over all stores need. */
const DEFAULTS = {
  streams: ['store', 'customers', 'subscriptions', 'orders', 'charges'],
  metrics: { textfile: 'figures.prom' },
}

interface StoreOfFleet {
  readonly store: string
  readonly outcome: string
  readonly code: number | null
  readonly problem: { readonly code: string; readonly message: string; readonly next: string } | null
}

const storesOf = ({ stdout }: Exited): readonly StoreOfFleet[] => JSON.parse(stdout).stores

/** The processes of this machine that run a command for a store of this folder. */
function processesOf(folder: string, store: string): readonly number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .filter(pid => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
        return line.includes(`--store\0${store}\0`) && line.includes(folder)
      } catch {
        // It has ended meanwhile.
        return false
      }
    })
    .map(Number)
}

/** Kills the process of a store as soon as it has asked its server for something. */
async function killOne(folder: string, store: string, { all }: Stores): Promise<void> {
  const { simulator } = all.find(({ name }) => name === store) ?? {}
  while (!simulator?.requests.length) await setTimeout(10)
  const pids = processesOf(folder, store)
  expect(pids).toHaveLength(1)
  for (const pid of pids) process.kill(pid, 'SIGKILL')
}

/** Answers a query on the views over all stores, as an analyst does. */
async function askAll(
  folder: string,
  destination: DestinationConfig,
  sql: string,
): Promise<readonly Record<string, unknown>[]> {
  if (destination.kind === 'postgres') return await withQuery(destination, query => query(sql))
  const instance = await DuckDBInstance.create(join(folder, 'state', 'all.duckdb'), { access_mode: 'READ_ONLY' })
  try {
    const connection = await instance.connect()
    await connection.run(readFileSync(join(folder, 'state', 'all-attach.sql'), 'utf8'))
    const reader = await connection.runAndReadAll(sql)
    return reader.getRowObjects()
  } finally {
    instance.closeSync()
  }
}

const TOTALS = `select r.store, cast(count(*) as int) as months, cast(sum(r.net_revenue) as text) as revenue
  from recharge_all_analytics.revenue_monthly as r group by r.store order by r.store`

describe.each(DESTINATIONS)('$name', place => {
  test(
    'a store that is refused and one that is killed take no other with them',
    () =>
      place.with(destination =>
        withFolder(async folder => {
          // In a short run a fleet of two has one that hangs, below.
          const hanging = LONG ? ['elm'] : []
          const names = [...GOOD, 'doubt', ...hanging, 'fir']
          await using stores = await startStores(names, name => ({
            ...(name === 'elm' ? { latencyMs: 3_600_000 } : {}),
            ...(name === 'fir' ? { latencyMs: 300 } : {}),
          }))
          writeFleet(folder, stores, destination, {
            defaults: { ...DEFAULTS, recharge: { timeout: '30m' } },
            // Longer than a process needs to start on a busy machine.
            stalled: '60s',
            memory: '512MB',
          })
          const environment = { ...stores.environment, TOKEN_DOUBT: 'sk_1x1_mistyped' }
          const killed = killOne(folder, 'fir', stores)
          const run = await cli(folder, ['fleet', 'sync', '--at-once', '8', '--json'], environment)
          await killed
          expect(run.code, run.stderr).toBe(1)
          expect(storesOf(run).filter(({ outcome }) => outcome !== 'ok')).toMatchObject([
            { store: 'doubt', code: 3, problem: { code: 'unauthorised' } },
            ...hanging.map(store => ({ store, problem: { code: 'stalled' } })),
            { store: 'fir', code: null, problem: { code: 'killed' } },
          ])
          for (const secret of Object.values(environment)) expect(run.stdout + run.stderr).not.toContain(secret)
          expect(run.stderr).toContain(`${names.length} stores, ${Math.min(8, names.length)} at once`)
          for (const { name, config } of fleetIn(folder, stores).stores)
            if (GOOD.includes(name)) {
              const { code, text } = await runReconcile(config, DEFAULTS.streams)
              expect(code, `${name}: ${text}`).toBe(0)
            }
          // Each store has its own reports, and those of its own alone.
          expect(
            readdirSync(join(folder, 'state', first, 'runs')).filter(name => !name.startsWith('notified-')),
          ).toHaveLength(1)
          // What is told of a store names it.
          expect(readFileSync(join(folder, `figures-${first}.prom`), 'utf8')).toContain(`store="${first}"`)

          const alone = await cli(folder, ['sync', '--store', 'fir', '--json'], stores.environment)
          expect(alone.code, alone.stderr).toBe(0)

          // The totals over all stores are the sums of each.
          const rolled = await cli(folder, ['fleet', 'rollup', '--json'], stores.environment)
          expect(rolled.code, rolled.stdout).toBe(0)
          const totals = await askAll(folder, destination, TOTALS)
          expect(totals.map(({ store }) => store)).toEqual([...GOOD, 'fir'].sort())
          const rows = await askAll(
            folder,
            destination,
            'select store, cast(count(*) as int) as rows from recharge_all.orders group by store order by store',
          )
          const served = (name: unknown) => stores.all.find(store => store.name === name)?.simulator.store.all('orders')
          expect(rows).toEqual([...GOOD, 'fir'].sort().map(store => ({ store, rows: served(store)?.length })))
          for (const { name, config } of fleetIn(folder, stores).stores.filter(
            ({ name }) => name !== 'doubt' && name !== 'elm',
          )) {
            const schema = `${config.destination.schema}_analytics`
            const [own] = await withQuery(config.destination, query =>
              query(`select cast(sum(net_revenue) as text) as revenue from ${schema}.revenue_monthly`),
            )
            expect(totals.find(({ store }) => store === name)).toMatchObject(own ?? {})
          }

          // A store leaves and comes back, by one command.
          const without = {
            ...stores,
            all: stores.all.filter(({ name }) => name !== first && name !== 'doubt' && name !== 'elm'),
          }
          writeFleet(folder, without, destination, { defaults: DEFAULTS })
          expect((await cli(folder, ['fleet', 'rollup'], stores.environment)).code).toBe(0)
          expect(await askAll(folder, destination, TOTALS)).toEqual(totals.filter(({ store }) => store !== first))
          writeFleet(
            folder,
            { ...stores, all: stores.all.filter(({ name }) => name !== 'doubt' && name !== 'elm') },
            destination,
            { defaults: DEFAULTS },
          )
          expect((await cli(folder, ['fleet', 'rollup'], stores.environment)).code).toBe(0)
          expect(await askAll(folder, destination, TOTALS)).toEqual(totals)

          // The page and the status ask each store, whose own tests ask both databases.
          if (!LONG && place.name !== 'duckdb') return
          // The page of all stores leads to the page of each.
          const page = await cli(folder, ['fleet', 'report', '--out', 'pages', '--json'], stores.environment)
          expect(page.code, page.stdout).toBe(0)
          const text = readFileSync(join(folder, 'pages', 'index.html'), 'utf8')
          for (const name of [...GOOD, 'fir']) {
            expect(text).toContain(`<a href="${name}.html">${name}</a>`)
            expect(existsSync(join(folder, 'pages', `${name}.html`))).toBe(true)
          }
          expect(text).toContain('Active subscribers')
          const status = await cli(folder, ['fleet', 'status'], {})
          expect(status.stdout).toMatch(new RegExp(`^${second} +5 `, 'm'))
          expect(status.code, status.stdout + status.stderr).toBe(0)
        }),
      ),
    PATIENCE,
  )
})

test('a store that hangs is ended, and takes no other with it', () =>
  withFolder(async folder => {
    await using stores = await startStores(['ash', 'elm'], name => (name === 'elm' ? { latencyMs: 3_600_000 } : {}))
    const defaults = { streams: ['customers'], views: false, recharge: { timeout: '30m' } }
    // Longer than a process needs to start on a busy machine.
    writeFleet(folder, stores, { kind: 'duckdb', file: '', schema: 'recharge' }, { defaults, stalled: '20s' })
    const run = await cli(folder, ['fleet', 'sync', '--json'], stores.environment)
    expect(run.code, run.stderr).toBe(1)
    expect(storesOf(run)).toMatchObject([
      { store: 'ash', outcome: 'ok' },
      { store: 'elm', problem: { code: 'stalled' } },
    ])
    expect(processesOf(folder, 'elm')).toEqual([])
  }))

test(
  'a parent that is killed takes its processes with it',
  () =>
    withFolder(async folder => {
      await using stores = await startStores(['ash', 'birch'], () => ({ latencyMs: 200 }))
      const defaults = { ...DEFAULTS, views: false }
      writeFleet(folder, stores, { kind: 'duckdb', file: '', schema: 'recharge' }, { defaults })
      const parent = spawn(process.execPath, [CLI, 'fleet', 'sync'], {
        cwd: folder,
        env: { PATH: process.env.PATH, HOME, ...stores.environment },
        stdio: 'ignore',
      })
      while (stores.all.some(({ simulator }) => simulator.requests.length < 3)) await setTimeout(10)
      const children = [...processesOf(folder, 'ash'), ...processesOf(folder, 'birch')]
      expect(children).toHaveLength(2)
      parent.kill('SIGKILL')
      while (children.some(pid => existsSync(`/proc/${pid}`) && !isZombie(pid))) await setTimeout(20)
      const again = await cli(folder, ['fleet', 'sync', '--json'], stores.environment)
      expect(again.code, again.stderr).toBe(0)
    }),
  PATIENCE,
)

test('a roll-up that cannot be made is told beside the summary, and takes no store with it', () =>
  withFolder(async folder => {
    await using stores = await startStores(['ash', 'birch', 'cedar'])
    const settings = { defaults: { streams: ['store', 'customers'], views: false } }
    const file = writeFleet(folder, stores, { kind: 'duckdb', file: '', schema: 'recharge' }, settings)
    const written = parse(readFileSync(file, 'utf8'))
    // Nothing listens there.
    written.stores[2].destination = { postgres: 'postgres://nobody@127.0.0.1:1/none' }
    writeFileSync(file, stringify(written))
    mkdirSync(join(folder, 'state'))
    const held = await DuckDBInstance.create(join(folder, 'state', 'ash.duckdb'))
    try {
      const run = await cli(folder, ['fleet', 'sync', '--json'], stores.environment)
      expect(run.code, run.stderr).toBe(1)
      expect(storesOf(run)).toMatchObject([
        { store: 'ash', problem: { code: 'held' } },
        { store: 'birch', outcome: 'ok', problem: null },
        { store: 'cedar', problem: { code: 'connection_refused' } },
      ])
      const text = await cli(folder, ['fleet', 'sync'], stores.environment)
      expect(text.stdout).toContain('1 of 3 stores are complete; not so: ash, cedar')
      expect(text.stdout).toMatch(/^view recharge_all: .*ash\.duckdb is open in /m)
      expect(text.stdout).toContain('view recharge_all: Postgres: nothing listens')
    } finally {
      held.closeSync()
    }
  }))

const isZombie = (pid: number): boolean => / [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
