import { readdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createApp, STREAMS, select } from '../../src/cli/app.ts'
import { status } from '../../src/cli/commands/status.ts'
import { parseInstant } from '../../src/common/instant.ts'
import { openDestination } from '../../src/load/open.ts'
import { cli, writeConfig } from '../support/cli.ts'
import { CHEAP_DESTINATION, type DestinationConfig, withDatabase, withFolder } from '../support/destinations.ts'
import { dump, withQuery } from '../support/dump.ts'
import { configFor, makeStore, runBackfill, runSync, withSimulator } from '../support/run.ts'

const DAY = 86_400_000
const only = (name: string) => STREAMS.filter(stream => stream.name === name)

async function inWarehouse(
  options: Parameters<typeof withSimulator>[0],
  work: (
    simulator: Parameters<Parameters<typeof withSimulator>[1]>[0],
    destination: DestinationConfig,
    folder: string,
  ) => Promise<void>,
): Promise<void> {
  await withSimulator(options, simulator =>
    withFolder(folder => CHEAP_DESTINATION.with(destination => work(simulator, destination, folder))),
  )
}

test('a 403 in the middle of a scan fails the stream instead of skipping it', async () => {
  await inWarehouse({ store: makeStore({ customers: 600, months: 2 }) }, async (simulator, destination, folder) => {
    const match = (r: { path: string; query: object }): boolean => r.path === '/customers' && 'cursor' in r.query
    simulator.faults.add({ kind: 'status', status: 403, body: { errors: 'no' }, match })
    const ran = await runSync(configFor(simulator, destination, folder, { concurrency: 1 }), null)
    expect(ran.code).toBe(1)
    expect(ran.of('customers')).toMatchObject({ outcome: 'failed', problem: { code: 'forbidden' } })
  })
})

test('the report names the owners of metafields that the token may not read', async () => {
  await inWarehouse({ scopes: ['read_customers'] }, async (simulator, destination, folder) => {
    const ran = await runSync(configFor(simulator, destination, folder), null)
    const { outcome, problem } = ran.of('metafields')
    expect(outcome).toBe('complete')
    expect(problem?.code).toBe('partly_forbidden')
    for (const owner of ['charge', 'order', 'store', 'subscription'])
      expect(problem?.message).toContain(`owner_resource=${owner} was left out`)
    expect(problem?.message).not.toContain('owner_resource=customer')
  })
})

test('an error body that contains the token: the token is in no output and no table', async () => {
  await inWarehouse({}, async (simulator, destination, folder) => {
    simulator.faults.add({
      kind: 'status',
      status: 422,
      match: '/customers',
      body: { errors: `no access for ${simulator.token}` },
      times: 3,
    })
    writeConfig(
      folder,
      `recharge:\n  token: ${simulator.token}\n  base_url: ${simulator.url}\n  rate: { bucket: 100000, per_second: 10000 }\ndestination:\n  ${destination.kind}: ${destination.kind === 'duckdb' ? destination.file : destination.url}\n`,
    )
    const left = await cli(folder, ['sync', '--streams', 'customers', '--log-level', 'trace'])
    expect(left.code).toBe(1)
    expect(left.stdout).toContain('no access for [secret]')
    expect(left.stdout + left.stderr).not.toContain(simulator.token)
    const runs = await withQuery(destination, query =>
      query('select cast(report as text) as r from recharge._sync_runs'),
    )
    expect(String(runs[0]?.r)).toContain('[secret]')
    expect(String(runs[0]?.r)).not.toContain(simulator.token)
  })
})

test('if the report file cannot be written, the run succeeds and the destination has the report', async () => {
  await inWarehouse({}, async (simulator, destination, folder) => {
    writeFileSync(join(folder, 'state'), 'a file where a folder should be')
    const ran = await runSync(configFor(simulator, destination, folder), ['customers'])
    expect(ran.code, ran.text).toBe(0)
    const runs = await withQuery(destination, query => query('select run from recharge._sync_runs'))
    expect(runs.map(({ run }) => run)).toEqual([ran.report.run])
  })
})

test('if the destination refuses the report, the outcome of the streams is still reported', async () => {
  await withSimulator({}, simulator =>
    withDatabase(url =>
      withFolder(async folder => {
        const destination: DestinationConfig = { kind: 'postgres', url, schema: 'recharge' }
        const config = configFor(simulator, destination, folder)
        await runSync(config, ['customers'])
        await withQuery(destination, query =>
          query(`create function no() returns trigger language plpgsql as
            $$ begin raise exception 'not today' using errcode = '42501'; end $$;
            create trigger no before insert on recharge._sync_runs for each row
            when (new.outcome <> 'running') execute function no()`),
        )
        const ran = await runSync(config, ['customers'])
        expect(ran.code).toBe(1)
        expect(ran.report.problem).toMatchObject({ code: 'denied', message: 'Postgres: not today' })
        expect(ran.of('customers').outcome).toBe('complete')
        expect(readdirSync(join(folder, 'state', 'runs')).length).toBe(2)
      }),
    ),
  )
})

test('`--newest-first` also works for unsorted streams', async () => {
  await inWarehouse({}, async (simulator, destination, folder) => {
    const window = { since: parseInstant('2026-11-15', 'UTC'), until: null }
    const ran = await runBackfill(
      configFor(simulator, destination, folder),
      ['events', 'bundle_selections'],
      window,
      true,
    )
    expect(ran.code, ran.text).toBe(0)
  })
})

test('a backfill of a range outside the retention of the source fails and says so', async () => {
  await inWarehouse({}, async (simulator, destination, folder) => {
    const window = { since: parseInstant('2026-01-01', 'UTC'), until: parseInstant('2026-02-01', 'UTC') }
    const ran = await runBackfill(configFor(simulator, destination, folder), ['events'], window, false)
    expect(ran.code).toBe(1)
    expect(ran.of('events').problem).toMatchObject({ code: 'not_served' })
  })
})

test('a resource that answers 404 for every parent is skipped, not taken for empty', async () => {
  await inWarehouse({}, async (simulator, destination, folder) => {
    simulator.faults.add({
      kind: 'status',
      status: 404,
      match: r => r.path.endsWith('/payment_sources'),
      times: 10_000,
    })
    const ran = await runSync(configFor(simulator, destination, folder), ['payment_sources'])
    expect(ran.code).toBe(3)
    expect(ran.report.problem?.code).toBe('all_refused')
    expect(ran.of('payment_sources').outcome).toBe('skipped')
  })
})

test('a stream whose scope was withdrawn gets old, and `status --max-age` says so', async () => {
  await inWarehouse({}, async (simulator, destination, folder) => {
    const config = configFor(simulator, destination, folder)
    await runSync(config)
    await withSimulator({ store: simulator.store, scopes: ['read_customers'] }, async narrowed => {
      const later = { ...config, recharge: { ...config.recharge, baseUrl: narrowed.url } }
      const ran = await runSync(later)
      expect(ran.of('orders').outcome).toBe('failed')
      expect(ran.code).toBe(1)
    })
    const app = createApp(config, { level: 'silent' })
    // The clock of the store is behind that of this machine, so every stream is old.
    const result = await status(app, select(app, ['orders', 'customers']), 1000)
    expect(result.code).toBe(1)
    expect(result.text).toContain('Too old: customers, orders')
  })
})

describe('page numbers', () => {
  test('I2: if records move between numbered pages, the stream fails; no record is skipped', async () => {
    const store = makeStore({ customers: 5, months: 1 })
    const [template] = store.all('customers')
    const stamp = '2026-11-19T05:00:07+00:00'
    for (let i = 0; i < 600; i++) store.insert('customers', { ...template, id: 900_000_000 + i, updated_at: stamp })
    await inWarehouse({ store }, async (simulator, destination, folder) => {
      const config = configFor(simulator, destination, folder, { concurrency: 1 })
      simulator.faults.add({ kind: 'noCursor', match: '/customers', times: 1_000_000 })
      let pages = 0
      simulator.faults.before(({ path, query }) => {
        if (path !== '/customers') return
        pages += 1
        if (query.page === '2' && pages < 6) {
          store.advance(60_000)
          store.edit('customers', 900_000_003, { first_name: `Moved ${pages}` })
        }
      })
      const codes = []
      for (let run = 0; run < 3; run++) codes.push((await runSync(config, ['customers'])).code)
      expect(codes[0]).toBe(1)
      expect(codes.at(-1)).toBe(0)
      const { customers } = await dump(destination, only('customers'))
      expect(customers?.length).toBe(store.count('customers'))
    })
  })

  test('a full page within one second and without a pointer: the stream is read to its end', async () => {
    const store = makeStore({ customers: 1, months: 1 })
    const [template] = store.all('customers')
    for (let i = 0; i < 700; i++)
      store.insert('customers', { ...template, id: 900_000_000 + i, updated_at: '2020-01-01T05:00:07+00:00' })
    await inWarehouse({ store }, async (simulator, destination, folder) => {
      simulator.faults.add({ kind: 'noCursor', match: '/customers', times: 1_000_000 })
      const ran = await runSync(configFor(simulator, destination, folder, { concurrency: 1 }), ['customers'])
      expect(ran.code, ran.text).toBe(0)
      const { customers } = await dump(destination, only('customers'))
      expect(customers?.length).toBe(store.count('customers'))
    })
  })
})

test('connections that break at once do not exhaust the pool, and a server that refuses us is not reported as a bug', async () => {
  const server = createServer(socket => socket.destroy())
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', () => resolve()))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : 0
  const url = `postgres://a:b@127.0.0.1:${port}/c`
  await using destination = await openDestination(
    { kind: 'postgres', url, schema: 'recharge' },
    { mode: 'write', connections: 2 },
  )
  for (let i = 0; i < 5; i++)
    await expect(destination.checkpoint('orders')).rejects.toMatchObject({ kind: 'unreachable' })
  server.close()
})

test('columns declared after the rows were written are reported, with the command that fills them', async () => {
  await inWarehouse({}, async (simulator, destination, folder) => {
    const config = configFor(simulator, destination, folder)
    await runSync(config, ['customers'])
    // The state after a version that had no column for the phone, in a row that does not change again.
    const [oldest] = await withQuery(destination, async query => {
      await query(`update recharge._sync_checkpoints set shape = 'older'`)
      return query(`update recharge.customers set phone = null, _extra = '{"phone":"555-0100"}'
        where id = (select id from recharge.customers order by updated_at, id limit 1) returning id`)
    })
    const ran = await runSync(config, ['customers'])
    expect(ran.of('customers')).toMatchObject({ outcome: 'complete', problem: { code: 'reshaped' } })
    expect(ran.of('customers').problem?.next).toContain('backfill --streams customers')
    expect(ran.of('customers').problem?.message).toContain('1 rows got')
    const [row] = await withQuery(destination, query =>
      query(`select phone, _extra is null as empty from recharge.customers where id = ${oldest?.id}`),
    )
    expect(row).toEqual({ phone: '555-0100', empty: true })
    expect((await runSync(config, ['customers'])).of('customers').problem).toBeNull()
  })
})

test('a pause shorter than the retention of the source leaves no gap', async () => {
  await inWarehouse({}, async (simulator, destination, folder) => {
    const config = configFor(simulator, destination, folder)
    await runSync(config, ['events'])
    simulator.store.advance(6 * DAY)
    expect((await runSync(config, ['events'])).of('events').gaps).toEqual([])
  })
})
