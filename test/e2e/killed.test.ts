import { type ChildProcess, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { STREAMS } from '../../src/cli/app.ts'
import type { Simulator } from '../../src/simulator/server.ts'
import { CACHE, cli, programFile, writeConfig } from '../support/cli.ts'
import { DESTINATIONS, type DestinationConfig, withDatabase, withFolder } from '../support/destinations.ts'
import { dump, withQuery } from '../support/dump.ts'
import { embedded } from '../support/postgres-server.ts'
import { rounds } from '../support/rounds.ts'
import { configFor, makeStore, runSync, Store, withSimulator } from '../support/run.ts'
import { parcels } from '../support/samples.ts'

const DIES = programFile('commit-and-die')
const MIGRATES = programFile('migrate-and-die')
/** Each step in a long run, else every third one, from one of the first three. */
const STRIDE = rounds(3, 1)
const firstStep = (): number => 1 + Math.floor(Math.random() * STRIDE)
const CUSTOMERS = STREAMS.filter(({ name }) => name === 'customers')
const FAST = 'rate: { bucket: 100000, per_second: 10000 }'

const yaml = (url: string, destination: DestinationConfig, more = ''): string => `
recharge:
  token: \${RECHARGE_ACCESS_TOKEN}
  base_url: ${url}
  ${FAST}
  ${more}
destination:
  ${destination.kind}: ${destination.kind === 'duckdb' ? destination.file : destination.url}
`

/** Customers that changed evenly over two years: nothing but many. */
function manyCustomers(count: number): Store {
  const [template] = makeStore({ customers: 1, months: 1 }).all('customers')
  const store = new Store('2026-11-20T12:00:00Z')
  const span = (2 * 365 * 86_400_000) / count
  for (let i = 0; i < count; i++) {
    const stamp = `${new Date(store.now().getTime() - (count - i) * span).toISOString().slice(0, 19)}+00:00`
    store.insert('customers', { ...template, id: 1000 + i, email: `c${i}@example.net`, updated_at: stamp })
  }
  return store
}

/** Until the process has asked for that many pages of customers from now on, or has ended. */
async function requested({ faults }: Simulator, child: ChildProcess, pages: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  child.once('exit', () => resolve())
  let seen = 0
  faults.before(({ path }) => {
    if (path === '/customers' && ++seen === pages) resolve()
  })
  await promise
}

describe.each(DESTINATIONS)('$name', place => {
  test('I1: killed at any step of a commit, the tables are those before it or those after it', async () => {
    await place.with(async destination => {
      let killed = 0
      for (let step = firstStep(); ; step += STRIDE) {
        const args = [DIES, JSON.stringify(destination), String(step)]
        const { status, signal, stderr } = spawnSync(process.execPath, args, {
          env: { ...process.env, NODE_COMPILE_CACHE: CACHE },
        })
        expect(`${signal ?? ''}${status ?? ''}`, String(stderr)).toMatch(/^(SIGKILL|0)$/)
        const { parcels: rows, parcels__items: items } = await dump(destination, [parcels])
        const [state] = await withQuery(destination, query =>
          query(
            `select cast(version as text) as v, (select count(*) from recharge._sync_rejects) as rejects from recharge._sync_checkpoints`,
          ),
        )
        const shown = [
          state?.v,
          Number(state?.rejects),
          rows?.map(row => row.id).join(),
          items?.map(item => `${item.parcel_id}${item.name}`).join(),
        ]
        const before = ['1', 0, '1,2,3', '1first,1more,2first,2more,3first,3more']
        const after = ['2', 1, '1,2,3,4', '1first,1more,2second,3first,3more,4second']
        if (status === 0) {
          expect(shown).toEqual(after)
          break
        }
        killed += 1
        // The step after the last is after COMMIT.
        expect([before, after], `killed at step ${step}`).toContainEqual(shown)
        if (shown[0] === '2') break
      }
      expect(killed).toBeGreaterThan(8 / STRIDE)
    })
  })

  test('killed at any step of a conversion of columns, the table and the note of it are those before or those after', async () => {
    await place.with(async destination => {
      const types = `select column_name, data_type from information_schema.columns
        where table_name = 'parcels' and column_name in ('raw', 'grams', 'seen') order by 1`
      const rows = `select cast(raw as text) as raw, cast(grams as text) as grams, cast(seen as text) as seen from recharge.parcels`
      const notes = `select value from recharge._sync_settings where name = 'migrations'`
      let killed = 0
      for (let step = firstStep(); ; step += STRIDE) {
        const { status, signal, stderr } = spawnSync(
          process.execPath,
          [MIGRATES, JSON.stringify(destination), String(step)],
          { env: { ...process.env, NODE_COMPILE_CACHE: CACHE } },
        )
        expect(`${signal ?? ''}${status ?? ''}`, String(stderr)).toMatch(/^(SIGKILL|0)$/)
        const shown = await withQuery(destination, async query => [
          (await query(types)).map(({ data_type }) => String(data_type).toLowerCase().replace(/\(.*/, '')),
          (await query(rows)).map(({ raw, grams, seen }) => [raw, String(grams).replace(/\.0+$/, ''), seen]),
          (await query(notes)).flatMap(({ value }) => JSON.parse(String(value)).length),
        ])
        const [json, varchar, decimal] =
          place.name === 'duckdb' ? ['json', 'varchar', 'decimal'] : ['jsonb', 'text', 'numeric']
        const before = [['bigint', json, varchar], [['"Whole bean"', '5', '2025-11-02T01:30:00']], []]
        const after = [
          [decimal, varchar, 'timestamp with time zone'],
          [['Whole bean', '5', '2025-11-02 05:30:00+00']],
          [3],
        ]
        if (status === 0) {
          expect(shown).toEqual(after)
          break
        }
        killed += 1
        // The step after the last is after COMMIT.
        expect([before, after], `killed at step ${step}`).toContainEqual(shown)
        if (String(shown[2]) === '3') break
      }
      expect(killed).toBeGreaterThan(8 / STRIDE)
    })
  })

  test('killed at random moments of one backfill: equal tables, and little is read twice', async () => {
    const RECORDS = rounds(10_000, 120_000)
    const KILLS = rounds(2, 50)
    const IN_FLIGHT = 4
    const LATENCY = 500
    // Milliseconds in which a page that has arrived is committed.
    const UNCOMMITTED = 2_000
    const store = manyCustomers(RECORDS)
    const args = ['backfill', '--streams', 'customers', '--from', '2024-11-20', '--json']
    await withSimulator({ store, latencyMs: LATENCY }, simulator =>
      place.with(destination =>
        withFolder(async folder => {
          writeConfig(folder, yaml(simulator.url, destination, `concurrency: ${IN_FLIGHT}`))
          const environment = { RECHARGE_ACCESS_TOKEN: simulator.token }
          let hit = 0
          /** Records that may be read twice: those of the last two seconds before each kill, and a page for each request in flight. */
          let allowed = 0
          for (let kill = 0; kill < KILLS; kill++) {
            const left = await cli(folder, args, environment, async child => {
              // Counted in pages: how long a process takes to start and to read says nothing. One gets far enough to commit.
              const least = kill === 0 ? 4 * IN_FLIGHT : 1
              await requested(simulator, child, least + Math.floor(Math.random() * 4 * IN_FLIGHT))
              await wait(Math.random() * LATENCY)
              child.kill('SIGKILL')
            })
            if (left.signal !== 'SIGKILL') break
            hit += 1
            const since = performance.now() - UNCOMMITTED
            const lately = simulator.requests.filter(({ at }) => at + LATENCY >= since)
            allowed += lately.reduce((sum, { records }) => sum + records, IN_FLIGHT * 250)
          }
          const last = await cli(folder, args, environment)
          expect(last.code, last.stderr).toBe(0)
          // The lives got further: the last did not have to read it all.
          expect(JSON.parse(last.stdout).streams[0].records).toBeLessThan(RECORDS - 250)
          // Pages that reached a process; those that were on their way to one that was killed are not counted.
          const served = simulator.requests.reduce((sum, { records }) => sum + records, 0)
          expect(hit).toBeGreaterThan(KILLS / 5)
          expect(served - RECORDS).toBeLessThanOrEqual(allowed)
          const { customers } = await dump(destination, CUSTOMERS)
          expect(customers?.map(row => row.id)).toEqual(store.all('customers').map(({ id }) => String(id)))
          expect(customers?.map(row => row.email)).toEqual(store.all('customers').map(({ email }) => email))
        }),
      ),
    )
  }, 900_000)

  test('a signal ends a run within five seconds with its report; the next goes on', async () => {
    await withSimulator({ store: manyCustomers(5000), latencyMs: 200 }, simulator =>
      place.with(destination =>
        withFolder(async folder => {
          writeConfig(folder, yaml(simulator.url, destination, 'concurrency: 2'))
          const environment = { RECHARGE_ACCESS_TOKEN: simulator.token }
          const args = ['sync', '--streams', 'customers', '--json']
          const left = await cli(folder, args, environment, async child => {
            await requested(simulator, child, 5)
            child.kill('SIGTERM')
          })
          expect(left.code).toBe(130)
          const report = JSON.parse(left.stdout)
          expect(report).toMatchObject({ outcome: 'interrupted', streams: [{ outcome: 'interrupted' }] })
          expect(readdirSync(join(folder, 'state', 'runs'))).toEqual([`${report.run}.json`])
          const added = report.streams[0].added
          expect(added).toBeGreaterThan(0)
          const second = JSON.parse((await cli(folder, args, environment)).stdout)
          expect(second.outcome).toBe('complete')
          expect(second.streams[0].added + added).toBe(5000)
        }),
      ),
    )
  })
})

test('a commit that hangs: the run ends all the same, its report kept; a second signal, but no echo of the first, ends it at once', async () => {
  await withSimulator({ store: manyCustomers(1000) }, simulator =>
    withDatabase(url =>
      withFolder(async folder => {
        const destination: DestinationConfig = { kind: 'postgres', url, schema: 'recharge' }
        writeConfig(folder, yaml(simulator.url, destination))
        const environment = { RECHARGE_ACCESS_TOKEN: simulator.token }
        const args = ['sync', '--streams', 'customers', '--json']
        await cli(folder, args, environment)
        const [first] = simulator.store.all('customers')
        simulator.store.advance(1000)
        simulator.store.edit('customers', Number(first?.id), { first_name: 'New' })
        const blocker = new pg.Client({ connectionString: url })
        await blocker.connect()
        await blocker.query('begin; lock table recharge.customers in access exclusive mode')
        // The server goes on waiting for a while on behalf of a process that is gone, so each run is told apart.
        const blocked = async (): Promise<number> => {
          const { rows } = await blocker.query(`select count(*)::int as n from pg_locks where not granted`)
          return rows[0].n
        }
        // Milliseconds after the first signal. npm passes on a Ctrl-C that the program has got itself.
        for (const signals of [[0], [0, 15], [0, 700]]) {
          simulator.clearRequests()
          const before = await blocked()
          const left = await cli(folder, args, environment, async child => {
            await requested(simulator, child, 1)
            while ((await blocked()) <= before) await wait(20)
            let sent = 0
            for (const at of signals) {
              await wait(at - sent)
              child.kill('SIGINT')
              sent = at
            }
          })
          expect(left, `signals at ${signals}`).toMatchObject({ code: 130 })
        }
        const reports = readdirSync(join(folder, 'state', 'runs'))
          .sort()
          .map(name => JSON.parse(readFileSync(join(folder, 'state', 'runs', name), 'utf8')))
        // The second signal left no time for a report: that the run had begun is all that is known.
        expect(reports.map(({ outcome }) => outcome)).toEqual(['complete', 'interrupted', 'interrupted', 'running'])
        await blocker.end()
        const last = await cli(folder, args, environment)
        expect(JSON.parse(last.stdout).streams[0].changed).toBe(1)
      }),
    ),
  )
})

test('the database server restarts in mid-run: the run goes on by itself', async () => {
  const server = await embedded()
  try {
    await withSimulator({ store: manyCustomers(5000), latencyMs: 30 }, simulator =>
      withFolder(async folder => {
        const destination: DestinationConfig = { kind: 'postgres', url: server.url, schema: 'recharge' }
        const config = configFor(simulator, destination, folder)
        let pages = 0
        let restarted: Promise<void> | null = null
        simulator.faults.before(({ path }) => {
          if (path === '/customers') pages += 1
          if (pages === 4) restarted ??= server.restart()
        })
        const ran = await runSync(config, ['customers'])
        await restarted
        expect(ran.code, ran.text).toBe(0)
        expect(ran.of('customers')).toMatchObject({ added: 5000, changed: 0 })
        const { customers } = await dump(destination, CUSTOMERS)
        expect(customers?.length).toBe(5000)
      }),
    )
  } finally {
    await server.stop()
  }
})

test('I1: the answer to a COMMIT gets lost: it is not made a second time, and the report counts it once', async () => {
  await withSimulator({ store: manyCustomers(600) }, simulator =>
    withDatabase(url =>
      withFolder(async folder => {
        const target = new URL(url)
        let lost = 0
        // Lets the COMMIT of the first rows through, and cuts the line before its answer.
        const proxy = createServer(client => {
          const upstream = connect(Number(target.port), target.hostname)
          let deaf = false
          let copied = false
          client.on('data', data => {
            copied ||= data.includes('copy "recharge"."customers"')
            if (copied && lost === 0 && data.includes('commit\0') && data[0] === 0x51) {
              deaf = true
              lost += 1
            }
            upstream.write(data)
          })
          upstream.on('data', data => {
            if (deaf) client.destroy()
            else client.write(data)
          })
          client.on('close', () => upstream.end())
          upstream.on('close', () => client.destroy())
          client.on('error', () => {})
          upstream.on('error', () => {})
        })
        await new Promise<void>(resolve => proxy.listen(0, '127.0.0.1', () => resolve()))
        const address = proxy.address()
        const through = new URL(url)
        through.port = String(typeof address === 'object' ? address?.port : '')
        const destination: DestinationConfig = { kind: 'postgres', url: through.href, schema: 'recharge' }
        const ran = await runSync(configFor(simulator, destination, folder, { concurrency: 1 }), ['customers'])
        proxy.close()
        expect(lost).toBe(1)
        expect(ran.code, ran.text).toBe(0)
        expect(ran.of('customers')).toMatchObject({ records: 600, added: 600, changed: 0, unchanged: 0 })
        const { customers } = await dump({ kind: 'postgres', url, schema: 'recharge' }, CUSTOMERS)
        expect(customers?.length).toBe(600)
      }),
    ),
  )
})

test('the disk is full under the file: the run stops and says so; with room again the next one goes on', async () => {
  await withSimulator({ store: manyCustomers(20_000) }, simulator =>
    withFolder(async folder => {
      const destination: DestinationConfig = {
        kind: 'duckdb',
        file: join(folder, 'warehouse.duckdb'),
        schema: 'recharge',
      }
      writeConfig(folder, yaml(simulator.url, destination))
      const environment = { RECHARGE_ACCESS_TOKEN: simulator.token }
      const args = ['sync', '--streams', 'customers', '--json']
      // No file may grow beyond two megabytes: every write past it fails, as on a full disk.
      const limited = await cli(folder, args, environment, () => {}, 4096)
      const report = JSON.parse(limited.stdout)
      expect(limited.code).toBe(report.streams[0]?.records > 0 ? 1 : 3)
      expect(report.problem, limited.stderr).toMatchObject({ code: 'full' })
      expect(existsSync(destination.file)).toBe(true)
      const roomy = await cli(folder, args, environment)
      expect(roomy.code, roomy.stderr).toBe(0)
      const { customers } = await dump(destination, CUSTOMERS)
      expect(customers?.length).toBe(20_000)
    }),
  )
})
