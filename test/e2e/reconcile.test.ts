import { describe, expect, test } from 'vitest'
import { createApp, STREAMS, select } from '../../src/app.ts'
import { status } from '../../src/commands/status.ts'
import type { Config } from '../../src/config/load.ts'
import type { RunId } from '../../src/model.ts'
import type { Simulator, SimulatorOptions } from '../../src/simulator/server.ts'
import { cli, writeConfig } from '../support/cli.ts'
import { type DestinationConfig, PLACES, withFolder } from '../support/destinations.ts'
import { dump, withQuery } from '../support/dump.ts'
import {
  configFor,
  makeFullStore,
  makeStore,
  runReconcile,
  runSync,
  STREAM_NAMES,
  withSimulator,
} from '../support/run.ts'

const DAY = 86_400_000

describe.each(PLACES)('$name', place => {
  interface Synced {
    readonly simulator: Simulator
    readonly config: Config
    readonly destination: DestinationConfig
    /** SQL behind the program's back. */
    readonly sql: (statement: string) => Promise<Record<string, unknown>[]>
  }

  /** A store and a warehouse that agree. */
  async function synced(
    streams: readonly string[],
    work: (synced: Synced) => Promise<void>,
    options: SimulatorOptions = {},
  ): Promise<void> {
    await withSimulator({ store: makeStore({ customers: 40, months: 7 }), ...options }, simulator =>
      place.with(destination =>
        withFolder(async folder => {
          const config = configFor(simulator, destination, folder)
          const ran = await runSync(config, streams)
          expect(ran.code, ran.text).toBe(0)
          const sql = (statement: string) => withQuery(destination, query => query(statement))
          simulator.clearRequests()
          await work({ simulator, config, destination, sql })
        }),
      ),
    )
  }

  const idsOf = (rows: readonly Record<string, unknown>[]): number[] => rows.map(({ id }) => Number(id))

  test('an untouched store agrees in every stream, by every method, and the result is kept', async () => {
    await synced(
      STREAM_NAMES,
      async ({ config, destination, sql }) => {
        const before = await dump(destination, STREAMS)
        const whole = await runReconcile(config, STREAM_NAMES)
        expect(whole.text).not.toContain('DIFFERS')
        expect(whole.code, whole.text).toBe(0)
        expect(whole.document.agrees).toBe(true)
        for (const s of whole.document.streams) {
          expect([s.stream, s.outcome, s.agrees, s.problem]).toEqual([s.stream, 'complete', true, null])
          expect(s.source_count, s.stream).toBeGreaterThan(0)
          expect(s.warehouse_count, s.stream).toBe(s.source_count)
        }
        const sampled = await runReconcile(config, ['orders', 'charges', 'webhooks'], { sample: 1, repair: true })
        expect(sampled.code, sampled.text).toBe(0)
        expect(sampled.of('orders').compared).toHaveLength(1)
        expect(sampled.of('webhooks').compared).toBe('all')
        expect(await dump(destination, STREAMS)).toEqual(before)
        const kept = await sql(`select stream, method, bucket, agrees from recharge._sync_reconciliations `)
        expect(new Set(kept.map(({ stream }) => stream))).toEqual(new Set(STREAM_NAMES))
        // The counts of charges may include those that the lists hide; here they do.
        const doubtful = kept.filter(({ agrees }) => agrees !== true)
        expect(new Set(doubtful.map(({ stream, method }) => `${stream} ${method}`))).toEqual(new Set(['charges count']))
        expect(kept.filter(({ stream, method }) => stream === 'orders' && method === 'count')).toHaveLength(2)
      },
      { store: makeFullStore({ customers: 12, months: 4 }) },
    )
  })

  test('rows changed, deleted and added behind our back are found by key, and repaired by as many requests', async () => {
    await synced(['orders', 'customers'], async ({ simulator, config, destination, sql }) => {
      const streams = STREAMS.filter(({ name }) => name === 'orders' || name === 'customers')
      const before = await dump(destination, streams)
      const [changed = 0, deleted = 0, line = 0, twice = 0, newer = 0, marked = 0] = idsOf(
        await sql(`select id from recharge.orders where status = 'success' order by id limit 6`),
      )
      // None of these moves _hash or _synced_at.
      await sql(`update recharge.orders set note = 'by hand' where id = ${changed}`)
      await sql(`delete from recharge.orders where id = ${deleted}`)
      await sql(`update recharge.orders__line_items set title = 'by hand' where order_id = ${line} and "index" = 0`)
      await sql(`insert into recharge.orders__tax_lines (order_id, "index", title) values (${twice}, 77, 'by hand')`)
      await sql(`update recharge.orders set updated_at = '2030-01-01T00:00:00Z' where id = ${newer}`)
      await sql(`update recharge.orders set _deleted_at = updated_at where id = ${marked}`)
      await sql(`create table recharge.copy as select * from recharge.orders where id = ${line}`)
      await sql(`update recharge.copy set id = 999999999`)
      await sql(`insert into recharge.orders select * from recharge.copy`)
      await sql(`drop table recharge.copy`)

      const found = await runReconcile(config, ['orders', 'customers'])
      expect(found.code).toBe(1)
      expect(found.document.agrees).toBe(false)
      expect(found.of('customers').agrees).toBe(true)
      const bucket = found.of('orders').buckets.find(b => b.method === 'records' && b.bucket === 'all')
      expect([...(bucket?.changed ?? [])].sort()).toEqual([changed, line, newer, twice].map(String).sort())
      expect([...(bucket?.missing ?? [])].sort()).toEqual([deleted, marked].map(String).sort())
      expect(bucket?.gone).toEqual(['999999999'])
      // By month of creation, down to the same keys.
      const months = found.of('orders').buckets.filter(({ bucket: name }) => /^\d{4}-\d{2}$/.test(name))
      expect(months.flatMap(m => [...m.changed, ...m.missing, ...m.gone]).sort()).toEqual(
        [changed, deleted, line, twice, newer, marked, 999999999].map(String).sort(),
      )

      simulator.clearRequests()
      const repaired = await runReconcile(config, ['orders', 'customers'], { repair: true })
      expect(repaired.code, repaired.text).toBe(0)
      expect(repaired.of('orders')).toMatchObject({ agrees: false, settled: true, repaired: 7, problem: null })
      const single = simulator.requests.filter(({ path }) => /^\/(orders|customers)\/\d+$/.test(path))
      expect(single.length).toBe(7)

      const [added] = await sql(
        `select cast(_deleted_at as text) as at, _deleted_by as by from recharge.orders where id = 999999999`,
      )
      expect(added).toMatchObject({ at: expect.any(String), by: 'probe' })
      await sql(`delete from recharge.orders where id = 999999999`)
      await sql(`delete from recharge.orders__line_items where order_id = 999999999`)
      expect(await dump(destination, streams)).toEqual(before)
      const again = await runReconcile(config, ['orders', 'customers'])
      expect(again.code, again.text).toBe(0)
      expect((await sql(`select stream from recharge._sync_checkpoints`)).map(({ stream }) => stream).sort()).toEqual([
        'customers',
        'orders',
        'reconcile:orders',
      ])
    })
  })

  test('records changed, deleted and added at the source without a trace are found and repaired; the watermark stays', async () => {
    await synced(['subscriptions', 'discounts'], async ({ simulator, config, destination, sql }) => {
      const { store } = simulator
      const { complete_to: watermark } = (await runSync(config, ['subscriptions'])).of('subscriptions')
      const [changed, deleted] = store.all('subscriptions')
      store.edit('subscriptions', Number(changed?.id), { product_title: 'Quietly', updated_at: changed?.updated_at })
      store.remove('subscriptions', Number(deleted?.id))
      const added = store.newId('subscriptions')
      store.insert('subscriptions', { ...changed, id: added })
      const discount = store.all('discounts')[0]
      store.remove('discounts', Number(discount?.id))
      // The feed shows none of it.
      const fed = await runSync(config, ['subscriptions', 'discounts'])
      for (const s of fed.report.streams) expect([s.added, s.changed]).toEqual([0, 0])

      const found = await runReconcile(config, ['subscriptions', 'discounts'])
      expect(found.code).toBe(1)
      expect(found.of('subscriptions')).toMatchObject({ missing: 1, changed: 1, gone: 1, pending: 0, repaired: 0 })
      expect(found.of('discounts')).toMatchObject({ missing: 0, changed: 0, gone: 1 })

      simulator.clearRequests()
      const repaired = await runReconcile(config, ['subscriptions', 'discounts'], { repair: true })
      expect(repaired.code, repaired.text).toBe(0)
      const single = simulator.requests.filter(({ path }) => /\/\d+$/.test(path))
      // Three subscriptions; one discount, and one more to prove that their path is served.
      expect(single.length).toBe(5)
      const gone = await sql(`select id, _deleted_by as by from recharge.subscriptions where _deleted_at is not null`)
      expect(gone.map(row => [Number(row.id), row.by])).toEqual([[Number(deleted?.id), 'probe']])
      const rows = await dump(
        destination,
        STREAMS.filter(({ name }) => name === 'subscriptions'),
      )
      expect(rows.subscriptions?.find(row => row.id === String(changed?.id))?.product_title).toBe('Quietly')
      expect(rows.subscriptions?.some(row => row.id === String(added))).toBe(true)
      expect((await runReconcile(config, ['subscriptions', 'discounts'])).code).toBe(0)
      const after = await runSync(config, ['subscriptions'])
      expect(after.of('subscriptions').complete_to).toBe(watermark)
      expect(after.of('subscriptions')).toMatchObject({ added: 0, changed: 0 })
    })
  })

  test('I11: charges that the source forgets are outside the comparison, and no 404 marks one, however it looks', async () => {
    await synced(['charges'], async ({ simulator, config, destination, sql }) => {
      const { store } = simulator
      const charges = STREAMS.filter(({ name }) => name === 'charges')
      store.advance(100 * DAY)
      const old = await dump(destination, charges)
      const found = await runReconcile(config, ['charges'])
      expect(found.of('charges'), found.text).toMatchObject({ outcome: 'complete', missing: 0, changed: 0, gone: 0 })
      expect(found.of('charges').warehouse_count).toBeLessThan((old.charges?.length ?? 0) / 2)
      expect(found.code).toBe(0)
      // Made to look like one that is never forgotten, or without the time that it is forgotten by.
      const [queued = 0, timeless = 0] = idsOf(
        await sql(`select id from recharge.charges where status = 'success' order by id limit 2`),
      )
      await sql(`update recharge.charges set status = 'queued' where id = ${queued}`)
      await sql(`update recharge.charges set processed_at = null where id = ${timeless}`)
      // Last seen queued more than 90 days ago: processed since and forgotten, or deleted. Nobody can tell.
      const stale = store
        .all('charges')
        .filter(c => c.status === 'queued' && Date.parse(String(c.updated_at)) < store.now().getTime() - 91 * DAY)
      expect(stale.length).toBeGreaterThan(0)
      store.remove('charges', Number(stale[0]?.id))
      simulator.clearRequests()
      const repaired = await runReconcile(config, ['charges'], { repair: true })
      expect(repaired.code, repaired.text).toBe(0)
      expect(simulator.requests.filter(({ path }) => /\d$/.test(path))).toEqual([])
      expect(await sql(`select id from recharge.charges where _deleted_at is not null`)).toEqual([])
    })
  })

  test('a queued charge that went away is marked, whichever way the API counts charges', async () => {
    for (const wallHidesCounts of [true, false])
      await synced(
        ['charges'],
        async ({ simulator, config, sql }) => {
          const { store } = simulator
          const counted = await runReconcile(config, ['charges'], { sample: 0 })
          expect(counted.code, counted.text).toBe(0)
          // Charges hidden since before the first sync are in the count of one reading only.
          expect(counted.of('charges').compared).toEqual(wallHidesCounts ? [] : 'all')
          const recent = store
            .all('charges')
            .find(c => c.status === 'queued' && Date.parse(String(c.updated_at)) > store.now().getTime() - 30 * DAY)
          store.remove('charges', Number(recent?.id))
          const repaired = await runReconcile(config, ['charges'], { sample: 0, repair: true })
          expect(repaired.code, repaired.text).toBe(0)
          expect(repaired.of('charges')).toMatchObject({ gone: 1, repaired: 1 })
          const marked = await sql(`select id from recharge.charges where _deleted_at is not null`)
          expect(idsOf(marked)).toEqual([Number(recent?.id)])
        },
        { wallHidesCounts },
      )
  })

  test('--sample narrows a difference in counts down to its month, and reads no other', async () => {
    await synced(['orders'], async ({ simulator, config, sql }) => {
      const { store } = simulator
      const orders = store.all('orders')
      const order = orders[Math.floor(orders.length / 3)]
      store.remove('orders', Number(order?.id))
      simulator.clearRequests()
      const found = await runReconcile(config, ['orders'], { sample: 0 })
      expect(found.code).toBe(1)
      const month = String(order?.created_at).slice(0, 7)
      expect(found.of('orders')).toMatchObject({ compared: [month], gone: 1, missing: 0, changed: 0 })
      const lists = simulator.requests.filter(({ path, query }) => path === '/orders' && !query.cursor)
      expect(lists).toHaveLength(1)
      const counts = simulator.requests.filter(({ path }) => path === '/orders/count')
      expect(counts.length).toBeLessThanOrEqual(2 + 2 * Math.ceil(Math.log2(9)))
      // A changed row leaves the counts as they are: drawn months find it, and all of them do for certain.
      await runReconcile(config, ['orders'], { sample: 0, repair: true })
      await sql(`update recharge.orders set note = 'by hand' where id = ${orders.at(-1)?.id}`)
      expect((await runReconcile(config, ['orders'], { sample: 0 })).code).toBe(0)
      const drawn = await runReconcile(config, ['orders'], { sample: 100 })
      expect(drawn.code).toBe(1)
      expect(drawn.of('orders')).toMatchObject({ changed: 1, missing: 0, gone: 0 })
    })
  })

  test('a count whose filter is ignored or shifted leads to more requests, never to another verdict', async () => {
    await synced(['orders'], async ({ simulator, config }) => {
      const { store } = simulator
      const order = store.all('orders')[5]
      store.remove('orders', Number(order?.id))
      const count = store.count('orders')
      // Every count is that of all orders, whatever the filter.
      simulator.faults.add({ kind: 'body', body: { count }, match: '/orders/count', times: 1000 })
      const found = await runReconcile(config, ['orders'], { sample: 0 })
      expect(found.of('orders')).toMatchObject({ compared: 'all', gone: 1, missing: 0, changed: 0 })
      simulator.faults.clear()
      // One too many in all: nothing differs in the records, and they decide.
      await runReconcile(config, ['orders'], { repair: true })
      simulator.faults.add({ kind: 'body', body: { count: count + 1 }, match: '/orders/count', times: 1000 })
      const agreed = await runReconcile(config, ['orders'], { sample: 0 })
      expect(agreed.code, agreed.text).toBe(0)
      expect(agreed.of('orders')).toMatchObject({ agrees: true, compared: 'all', problem: { code: 'miscounted' } })
    })
  })

  test('a 404 is believed only where the path serves another record: nothing is marked by a path that is not there', async () => {
    await synced(['plans', 'webhooks'], async ({ simulator, config, sql }) => {
      const { store } = simulator
      const [plan, changed] = store.all('plans')
      store.remove('plans', Number(plan?.id))
      await sql(`update recharge.plans set title = 'by hand' where id = ${changed?.id}`)
      const absent = { kind: 'status', status: 404, body: { errors: 'Not Found' }, times: 1000 } as const
      simulator.faults.add({ ...absent, match: ({ path }) => path.startsWith('/plans/') })
      // All of a list gone at once: there is no record left to prove the path by.
      for (const webhook of store.all('webhooks')) store.remove('webhooks', Number(webhook.id))
      const left = await runReconcile(config, ['plans', 'webhooks'], { repair: true })
      expect(left.code).toBe(1)
      for (const name of ['plans', 'webhooks']) {
        expect(left.of(name)).toMatchObject({ repaired: 0, settled: false, problem: { code: 'not_repaired' } })
        expect(await sql(`select id from recharge.${name} where _deleted_at is not null`)).toEqual([])
      }
      simulator.faults.clear()
      const repaired = await runReconcile(config, ['plans'], { repair: true })
      expect(repaired.code, repaired.text).toBe(0)
      expect(repaired.of('plans')).toMatchObject({ changed: 1, gone: 1, repaired: 2 })
    })
  })

  test('what changed since the last sync is no difference: it waits for the next', async () => {
    await synced(['customers'], async ({ simulator, config }) => {
      const { store } = simulator
      store.advance(60_000)
      const [customer] = store.all('customers')
      store.edit('customers', Number(customer?.id), { first_name: 'Later' })
      store.insert('customers', {
        ...customer,
        id: store.newId('customers'),
        created_at: '2027-01-01T00:00:00+00:00',
        updated_at: '2027-01-01T00:00:00+00:00',
      })
      const found = await runReconcile(config, ['customers'])
      expect(found.code, found.text).toBe(0)
      expect(found.of('customers')).toMatchObject({ agrees: true, pending: 2, changed: 0, missing: 0 })
    })
  })

  test('a part that the token may not read is not taken for gone', async () => {
    await withSimulator({ store: makeStore({ customers: 40, months: 4 }) }, simulator =>
      place.with(destination =>
        withFolder(async folder => {
          const config = configFor(simulator, destination, folder)
          expect((await runSync(config, ['metafields'])).code).toBe(0)
          const all = simulator.store.count('metafields')
          const refused = { kind: 'status', status: 403, body: { errors: 'no' }, times: 1000 } as const
          simulator.faults.add({ ...refused, match: ({ query }) => query.owner_resource === 'customer' })
          const found = await runReconcile(config, ['metafields'], { repair: true })
          // As a sync without the scope is complete.
          expect(found.code, found.text).toBe(0)
          expect(found.of('metafields')).toMatchObject({ gone: 0, agrees: true, problem: { code: 'partly_compared' } })
          expect(found.of('metafields').source_count).toBeLessThan(all)
        }),
      ),
    )
  })

  test('it ends as a sync does: throttled, interrupted, never synced, without the scope, one stream failing', async () => {
    await synced(['orders', 'customers'], async ({ simulator, config, sql }) => {
      simulator.faults.add({ kind: 'status', status: 429, match: '/orders', times: 3 })
      const throttled = await runReconcile(config, ['orders'])
      expect(throttled.code, throttled.text).toBe(0)
      expect(throttled.document).toMatchObject({ throttled: 3, retries: 3 })
      const never = await runReconcile(config, ['orders', 'discounts'])
      expect(never.code).toBe(1)
      expect(never.of('discounts')).toMatchObject({ outcome: 'failed', agrees: null, problem: { code: 'never_read' } })
      expect(never.of('orders').agrees).toBe(true)
      simulator.faults.add({ kind: 'status', status: 403, match: '/customers', times: 100 })
      expect((await runReconcile(config, ['customers'])).of('customers').outcome).toBe('skipped')
      simulator.faults.clear()
      const stop = new AbortController()
      simulator.faults.before(request => {
        if (request.path === '/orders') stop.abort()
      })
      expect((await runReconcile(config, ['orders'], {}, stop.signal)).code).toBe(130)
      // No run of rows: what sync said last stands.
      expect(await sql(`select run from recharge._sync_runs`)).toHaveLength(1)
    })
  })

  test('every stream that is read by id is repaired by it; the others say what to do', async () => {
    await synced(
      STREAM_NAMES,
      async ({ config, destination }) => {
        const before = await dump(destination, STREAMS)
        await withQuery(destination, async query => {
          for (const { name, key } of STREAMS)
            await query(`delete from recharge.${name} where ${key[0]} = (select min(${key[0]}) from recharge.${name})`)
        })
        const repaired = await runReconcile(config, STREAM_NAMES, { repair: true })
        expect(repaired.code).toBe(1)
        for (const { name, retrieve } of STREAMS) {
          const { missing, repaired: put, problem } = repaired.of(name)
          expect(missing, name).toBeGreaterThan(0)
          expect([name, put, problem?.code ?? null]).toEqual([
            name,
            retrieve ? missing : 0,
            retrieve ? null : 'not_repaired',
          ])
        }
        const after = await dump(destination, STREAMS)
        for (const { name } of STREAMS.filter(({ retrieve }) => retrieve))
          expect(after[name], name).toEqual(before[name])
        const result = await status(
          createApp(config, { level: 'silent' }),
          select(config.streams, ['orders', 'events']),
          null,
        )
        const { streams } = result.json as { streams: { stream: string; reconciled: { agreed: boolean } | null }[] }
        expect(streams.map(({ stream, reconciled }) => [stream, reconciled?.agreed])).toEqual([
          ['events', false],
          ['orders', true],
        ])
        expect(result.text).toContain('events: differed from the source at')
      },
      { store: makeFullStore({ customers: 12, months: 4 }) },
    )
  })

  test('I7: a repair waits for no other writer, nor lets one in; a comparison does neither where the database lets two in', async () => {
    await synced(['orders'], async ({ config, destination, sql }) => {
      await sql(`update recharge.orders set note = 'by hand' where id = (select min(id) from recharge.orders)`)
      await using other = await createApp(config, { level: 'silent' }).open('write')
      await other.hold('01J00000000000000000000000' as RunId)
      const kept = await runReconcile(config, ['orders'], { repair: true })
      expect(kept.code).toBe(4)
      expect(kept.document.problem?.code).toBe('held')
      const compared = await runReconcile(config, ['orders'])
      expect([compared.code, compared.document.problem?.code]).toEqual(
        destination.kind === 'duckdb' ? [4, 'held'] : [1, undefined],
      )
    })
  })

  test('rows that another run writes meanwhile are left to it', async () => {
    await synced(['customers'], async ({ simulator, config, sql }) => {
      // As a run that began after this one would leave them.
      await sql(`update recharge.customers set first_name = 'by another run', _synced_at = '2099-01-01T00:00:00Z'
        where id = (select min(id) from recharge.customers)`)
      const found = await runReconcile(config, ['customers'])
      expect(found.of('customers'), found.text).toMatchObject({ agrees: true, pending: 1, changed: 0, gone: 0 })
      // With the destination to itself there is no other run.
      const repaired = await runReconcile(config, ['customers'], { repair: true })
      expect(repaired.of('customers')).toMatchObject({ agrees: false, changed: 1, repaired: 1 })
      expect(simulator.requests.filter(({ path }) => /\d$/.test(path))).toHaveLength(1)
    })
  })

  test('an answer for another record than the one asked for is not written', async () => {
    await synced(['customers'], async ({ simulator, config, destination, sql }) => {
      const customers = STREAMS.filter(({ name }) => name === 'customers')
      const [first, second] = simulator.store.all('customers')
      await sql(`update recharge.customers set first_name = 'by hand' where id = ${first?.id}`)
      const before = await dump(destination, customers)
      const wrong = { customer: { ...second, first_name: 'Wrong' } }
      simulator.faults.add({ kind: 'body', body: wrong, match: `/customers/${first?.id}` })
      const failed = await runReconcile(config, ['customers'], { repair: true })
      expect(failed.code).toBe(1)
      expect(failed.of('customers').problem?.code).toBe('stream_contract')
      expect(await dump(destination, customers)).toEqual(before)
      const kept = await sql(`select cast(changed as text) as changed, cast(repaired as text) as repaired
        from recharge._sync_reconciliations where method = 'records' and bucket = 'all'`)
      expect(kept).toEqual([{ changed: '1', repaired: '0' }])
    })
  })
})

test('on the command line: one document with --json, 2 for a sample that is none, 3 where nothing is reached', async () => {
  await withSimulator({}, simulator =>
    withFolder(async folder => {
      const text = (destination: string) => `
recharge:
  token: \${RECHARGE_ACCESS_TOKEN}
  base_url: ${simulator.url}
  rate: { bucket: 100000, per_second: 10000 }
destination:
  ${destination}
`
      const environment = { RECHARGE_ACCESS_TOKEN: simulator.token }
      writeConfig(folder, text('duckdb: state/warehouse.duckdb'))
      await cli(folder, ['sync', '--streams', 'customers'], environment)
      const left = await cli(folder, ['reconcile', '--streams', 'customers', '--sample', '2', '--json'], environment)
      expect(left.code, left.stderr).toBe(0)
      expect(JSON.parse(left.stdout)).toMatchObject({ agrees: true, sample: 2, outcome: 'complete' })
      const shown = await cli(folder, ['reconcile', '--streams', 'customers'], environment)
      expect(shown.stdout).toMatch(/customers +agrees/)
      expect((await cli(folder, ['reconcile', '--sample', 'many'], environment)).code).toBe(2)
      writeConfig(folder, text('postgres: postgres://who:hunter2hunter2@127.0.0.1:9/nowhere'))
      expect((await cli(folder, ['reconcile'], environment)).code).toBe(3)
    }),
  )
})
