import { describe, expect, test } from 'vitest'
import { createApp, STREAMS, select } from '../../src/cli/app.ts'
import { status } from '../../src/cli/commands/status.ts'
import { DestinationError } from '../../src/common/errors.ts'
import type { RunId } from '../../src/common/model.ts'
import { reconcileStream } from '../../src/jobs/reconcile/reconcile-stream.ts'
import type { Warehouse } from '../../src/load/destination.ts'
import { StreamStats } from '../../src/pipeline/stream-stats.ts'
import { drawDestination } from '../support/destinations.ts'
import { dump, withQuery } from '../support/dump.ts'
import { makeFullStore, makeStore, runReconcile, runSync, STREAM_NAMES } from '../support/run.ts'
import { idsOf, synced } from '../support/synced.ts'

const DAY = 86_400_000
/** What most tests ask for, so that they share a first load. */
const TRADE = ['orders', 'customers']

describe.each(drawDestination())('$name', place => {
  test('rows changed, deleted and added behind our back are found by key, and repaired by as many requests', async () => {
    await synced(place, TRADE, async ({ simulator, config, destination, sql }) => {
      const streams = STREAMS.filter(({ name }) => name === 'orders' || name === 'customers')
      const before = await dump(destination, streams)
      const [changed = 0, deleted = 0, line = 0, twice = 0, newer = 0, marked = 0, double = 0, item = 0] = idsOf(
        await sql(`select id from recharge.orders where status = 'success' order by id limit 8`),
      )
      // None of these changes _hash or _synced_at.
      await sql(`update recharge.orders set note = 'by hand' where id = ${changed}`)
      await sql(`delete from recharge.orders where id = ${deleted}`)
      await sql(`update recharge.orders__line_items set title = 'by hand' where order_id = ${line} and "index" = 0`)
      await sql(`insert into recharge.orders__tax_lines (order_id, "index", title) values (${twice}, 77, 'by hand')`)
      await sql(`update recharge.orders set updated_at = '2030-01-01T00:00:00Z' where id = ${newer}`)
      await sql(`update recharge.orders set _deleted_at = updated_at where id = ${marked}`)
      // DuckDB's tables have no primary key, so a key can have two rows.
      const keyless = destination.kind === 'duckdb'
      if (keyless) {
        await sql(`insert into recharge.orders select * from recharge.orders where id = ${double}`)
        await sql(`insert into recharge.orders__line_items select * from recharge.orders__line_items
          where order_id = ${item} and "index" = 0`)
      }
      const doubled = keyless ? [double, item] : []
      await sql(`create table recharge.copy as select * from recharge.orders where id = ${line}`)
      await sql(`update recharge.copy set id = 999999999`)
      await sql(`insert into recharge.orders select * from recharge.copy`)
      await sql(`drop table recharge.copy`)

      const found = await runReconcile(config, ['orders', 'customers'])
      expect(found.code).toBe(1)
      expect(found.document.agrees).toBe(false)
      expect(found.of('customers').agrees).toBe(true)
      const bucket = found.of('orders').buckets.find(b => b.method === 'records' && b.bucket === 'all')
      expect([...(bucket?.changed ?? [])].sort()).toEqual([changed, line, newer, twice, ...doubled].map(String).sort())
      expect([...(bucket?.missing ?? [])].sort()).toEqual([deleted, marked].map(String).sort())
      expect(bucket?.gone).toEqual(['999999999'])
      // The buckets by month of creation have the same keys.
      const months = found.of('orders').buckets.filter(({ bucket: name }) => /^\d{4}-\d{2}$/.test(name))
      expect(months.flatMap(m => [...m.changed, ...m.missing, ...m.gone]).sort()).toEqual(
        [changed, deleted, line, twice, newer, marked, 999999999, ...doubled].map(String).sort(),
      )

      simulator.clearRequests()
      const repaired = await runReconcile(config, ['orders', 'customers'], { repair: true })
      expect(repaired.code, repaired.text).toBe(0)
      expect(repaired.of('orders')).toMatchObject({
        agrees: false,
        settled: true,
        repaired: 7 + doubled.length,
        problem: null,
      })
      const single = simulator.requests.filter(({ path }) => /^\/(orders|customers)\/\d+$/.test(path))
      expect(single.length).toBe(7 + doubled.length)

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

  test('records changed, deleted and added at the source without a new updated_at are found and repaired; the watermark stays', async () => {
    await synced(place, ['subscriptions', 'discounts'], async ({ simulator, config, destination, sql }) => {
      const { store } = simulator
      const { complete_to: watermark } = (await runSync(config, ['subscriptions'])).of('subscriptions')
      const [changed, deleted] = store.all('subscriptions')
      store.edit('subscriptions', Number(changed?.id), { product_title: 'Quietly', updated_at: changed?.updated_at })
      store.remove('subscriptions', Number(deleted?.id))
      const added = store.newId('subscriptions')
      store.insert('subscriptions', { ...changed, id: added })
      const discount = store.all('discounts')[0]
      store.remove('discounts', Number(discount?.id))
      // A sync sees none of it.
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
      // Three subscriptions, one discount, and a second discount to prove that the path works.
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

  test('I11: charges that the source has forgotten are not compared, and a 404 marks none of them as deleted', async () => {
    await synced(place, ['charges'], async ({ simulator, config, destination, sql }) => {
      const { store } = simulator
      const charges = STREAMS.filter(({ name }) => name === 'charges')
      store.advance(100 * DAY)
      const old = await dump(destination, charges)
      const found = await runReconcile(config, ['charges'])
      expect(found.of('charges'), found.text).toMatchObject({ outcome: 'complete', missing: 0, changed: 0, gone: 0 })
      expect(found.of('charges').warehouse_count).toBeLessThan((old.charges?.length ?? 0) / 2)
      expect(found.code).toBe(0)
      // One looks like a charge that is always returned, and one lacks the time that the retention counts from.
      const [queued = 0, timeless = 0] = idsOf(
        await sql(`select id from recharge.charges where status = 'success' order by id limit 2`),
      )
      const today = store.now().toISOString()
      await sql(`update recharge.charges set status = 'queued', updated_at = '${today}' where id = ${queued}`)
      await sql(`update recharge.charges set processed_at = null where id = ${timeless}`)
      // Last seen queued more than 90 days ago: it was processed and is past the retention, or it was deleted. Both look the same.
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

  test('a deleted queued charge is marked, however the API counts charges', async () => {
    for (const wallHidesCounts of [true, false])
      await synced(
        place,
        ['charges'],
        async ({ simulator, config, sql }) => {
          const { store } = simulator
          // Part of what the sync read is past the retention now.
          store.advance(60 * DAY)
          const counted = await runReconcile(config, ['charges'], { sample: 0 })
          expect(counted.code, counted.text).toBe(0)
          expect(counted.of('charges').compared).toEqual([])
          const recent = store
            .all('charges')
            .find(c => c.status === 'queued' && Date.parse(String(c.updated_at)) > store.now().getTime() - 80 * DAY)
          store.remove('charges', Number(recent?.id))
          const repaired = await runReconcile(config, ['charges'], { sample: 0, repair: true })
          expect(repaired.code, repaired.text).toBe(0)
          expect(repaired.of('charges')).toMatchObject({ gone: 1, repaired: 1 })
          const marked = await sql(`select id from recharge.charges where _deleted_at is not null`)
          expect(idsOf(marked)).toEqual([Number(recent?.id)])
        },
        { wallHidesCounts, store: makeStore({ customers: 40, months: 2 }) },
      )
  })

  test('a 404 counts as a deletion only if the same path returns another record: a wrong path marks nothing', async () => {
    await synced(place, ['plans', 'webhooks'], async ({ simulator, config, sql }) => {
      const { store } = simulator
      const [plan, changed] = store.all('plans')
      store.remove('plans', Number(plan?.id))
      await sql(`update recharge.plans set title = 'by hand' where id = ${changed?.id}`)
      const absent = { kind: 'status', status: 404, body: { errors: 'Not Found' }, times: 1000 } as const
      simulator.faults.add({ ...absent, match: ({ path }) => path.startsWith('/plans/') })
      // Every webhook is deleted, so there is no record to prove the path with.
      for (const webhook of store.all('webhooks')) store.remove('webhooks', Number(webhook.id))
      const unrepaired = await runReconcile(config, ['plans', 'webhooks'], { repair: true })
      expect(unrepaired.code).toBe(1)
      for (const name of ['plans', 'webhooks']) {
        expect(unrepaired.of(name)).toMatchObject({ repaired: 0, settled: false, problem: { code: 'not_repaired' } })
        expect(await sql(`select id from recharge.${name} where _deleted_at is not null`)).toEqual([])
      }
      simulator.faults.clear()
      const repaired = await runReconcile(config, ['plans'], { repair: true })
      expect(repaired.code, repaired.text).toBe(0)
      expect(repaired.of('plans')).toMatchObject({ changed: 1, gone: 1, repaired: 2 })
    })
  })

  test('every stream that can be read by id is repaired; the others report the next step', async () => {
    await synced(
      place,
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
        const app = createApp(config, { level: 'silent' })
        const result = await status(app, select(app, ['orders', 'events']), null)
        const { streams } = result.json as { streams: { stream: string; reconciled: { agreed: boolean } | null }[] }
        expect(streams.map(({ stream, reconciled }) => [stream, reconciled?.agreed])).toEqual([
          ['events', false],
          ['orders', true],
        ])
        expect(result.text).toContain('events: differed from Recharge at')
      },
      { store: makeFullStore({ customers: 12, months: 4 }) },
    )
  })

  test('I7: a repair waits for no other writer, nor lets one in; a comparison does neither where the database lets two in', async () => {
    await synced(place, TRADE, async ({ config, destination, sql }) => {
      await sql(`update recharge.orders set note = 'by hand' where id = (select min(id) from recharge.orders)`)
      await using other = await createApp(config, { level: 'silent' }).open('write')
      await other.acquireLock('01J00000000000000000000000' as RunId)
      const kept = await runReconcile(config, ['orders'], { repair: true })
      expect(kept.code).toBe(4)
      expect(kept.document.problem?.code).toBe('held')
      const compared = await runReconcile(config, ['orders'])
      expect([compared.code, compared.document.problem?.code]).toEqual(
        destination.kind === 'duckdb' ? [4, 'held'] : [1, undefined],
      )
    })
  })

  test('an answer for another record than the one asked for is not written', async () => {
    await synced(place, TRADE, async ({ simulator, config, destination, sql }) => {
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

  test('a 404 for a charge that passed the retention meanwhile marks nothing', async () => {
    await synced(place, ['charges'], async ({ simulator, config, sql }) => {
      const { store } = simulator
      const old = store
        .all('charges')
        .filter(c => c.status === 'success')
        .find(c => {
          const age = store.now().getTime() - Date.parse(String(c.processed_at))
          return age > 60 * DAY && age < 80 * DAY
        })
      expect(old).toBeDefined()
      store.remove('charges', Number(old?.id))
      // The list of charges is the last answer that tells the time: a 404 does not.
      let listed = false
      simulator.faults.before(({ path }) => {
        if (path !== '/charges' || listed) return
        listed = true
        store.advance(30 * DAY)
      })
      const repaired = await runReconcile(config, ['charges'], { repair: true })
      expect(repaired.of('charges').gone).toBeGreaterThan(0)
      expect(simulator.requests).toContainEqual(expect.objectContaining({ path: `/charges/${old?.id}`, status: 404 }))
      expect(await sql(`select id from recharge.charges where _deleted_at is not null`)).toEqual([])
    })
  })

  test('the answer to a COMMIT is lost: the checkpoint shows that it was made, and nothing is written twice', async () => {
    await synced(place, TRADE, async ({ config, sql }) => {
      await sql(`delete from recharge.customers where id = (select min(id) from recharge.customers)`)
      const app = createApp(config, { level: 'silent' })
      const stream = app.streams.find(({ name }) => name === 'customers')
      if (!stream) throw new Error('customers are not declared')
      await using warehouse = await app.open('write')
      await warehouse.prepare([])
      let commits = 0
      const losing: Warehouse = {
        ...warehouse,
        async repair(...given) {
          commits += 1
          await warehouse.repair(...given)
          throw new DestinationError('unreachable', 'the connection broke while the answer was on its way')
        },
      }
      const { source, run, random, sleep, log } = app
      const options = {
        source,
        warehouse: losing,
        readable: () => true,
        run,
        sample: null,
        repair: true,
        random,
        sleep,
        log,
      }
      const { diff, problem } = await reconcileStream(
        stream,
        options,
        new StreamStats('customers'),
        new AbortController().signal,
      )
      expect([commits, diff.resolved, problem]).toEqual([1, true, null])
    })
  })
})
