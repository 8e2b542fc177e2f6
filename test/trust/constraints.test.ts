import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { createApp, STREAMS, select } from '../../src/cli/app.ts'
import { status } from '../../src/cli/commands/status.ts'
import { utcText } from '../../src/simulator/time.ts'
import { DESTINATIONS } from '../support/destinations.ts'
import { dump } from '../support/dump.ts'
import { runReconcile, runSync } from '../support/run.ts'
import { type Synced, synced } from '../support/synced.ts'

const NAMES = ['customers', 'orders']

/** Changes every customer and one order, an hour later. */
function change({ simulator: { store } }: Synced): void {
  store.advance(3_600_000)
  const updated_at = utcText(store.now().getTime())
  for (const { id } of store.all('customers')) store.edit('customers', Number(id), { first_name: 'Ada', updated_at })
  store.edit('orders', Number(store.all('orders')[0]?.id), { note: 'changed', updated_at })
}

/** The customers have failed for this reason, and the orders are complete. */
async function expectFailed(at: Synced, message: RegExp, next: RegExp): Promise<void> {
  change(at)
  const ran = await runSync(at.config, NAMES)
  expect(ran.code, ran.text).toBe(1)
  expect(ran.of('customers')).toMatchObject({ outcome: 'failed', problem: { code: 'constraint' } })
  expect(ran.of('customers').problem?.message).toMatch(message)
  expect(ran.of('customers').problem?.next).toMatch(next)
  expect(ran.of('orders')).toMatchObject({ outcome: 'complete', changed: 1 })
}

describe.each(DESTINATIONS)('$name', place => {
  test('K6/24: a column of the user that may not be null fails its stream, which names it', () =>
    synced(place, NAMES, async at => {
      await at.sql(`alter table recharge.customers add column tenant text default 'x'`)
      await at.sql('alter table recharge.customers alter column tenant set not null')
      await at.sql('alter table recharge.customers alter column tenant drop default')
      await expectFailed(at, /tenant/, /null|Drop it/)
    }))

  test('K6/24: a unique index of the user fails its stream, without the value that it refused', () =>
    synced(place, NAMES, async at => {
      for (const [i, { id }] of at.simulator.store.all('customers').entries())
        await at.sql(`update recharge.customers set first_name = 'n${i}' where id = ${id}`)
      await at.sql('create unique index one_name on recharge.customers (first_name)')
      await expectFailed(at, place.name === 'duckdb' ? /unique/i : /one_name/, /[Dd]rop it/)
      const ran = await runSync(at.config, NAMES)
      expect(ran.text).not.toContain('Ada')
    }))

  test('K6/24: views of the user on our tables do not stand in the way of new columns', () =>
    synced(place, ['customers'], async at => {
      await at.sql('create view recharge.names as select id, first_name from recharge.customers')
      await at.sql('alter table recharge.customers drop column last_name')
      const ran = await runSync(at.config, ['customers'])
      expect([ran.code, ran.of('customers').problem?.code]).toEqual([0, 'column_missing'])
    }))
})

describe('postgres', () => {
  const inStore = (work: (at: Synced) => Promise<void>): Promise<void> => {
    const [, postgres] = DESTINATIONS
    if (!postgres) throw new Error('there is no Postgres')
    return synced(postgres, NAMES, work)
  }
  const notes = async ({ sql }: Synced, onDelete = ''): Promise<void> => {
    await sql(
      `create table recharge.notes (customer_id bigint constraint note_of references recharge.customers (id) ${onDelete})`,
    )
    await sql('insert into recharge.notes select id from recharge.customers')
  }
  const customers = STREAMS.filter(({ name }) => name === 'customers')

  test.each(['', 'on delete cascade', 'on delete set null'])(
    'K6/24: rows that a foreign key %s refers to are updated, and the rows that refer to them stay',
    onDelete =>
      inStore(async at => {
        await notes(at, onDelete)
        change(at)
        const ran = await runSync(at.config, NAMES)
        expect(ran.code, ran.text).toBe(0)
        const count = at.simulator.store.count('customers')
        expect(ran.of('customers')).toMatchObject({ added: 0, changed: count, problem: null })
        expect(await at.sql('select cast(count(customer_id) as int) as n from recharge.notes')).toEqual([{ n: count }])
        const rows = await dump(at.destination, customers)
        expect(new Set(rows.customers?.map(row => row.first_name))).toEqual(new Set(['Ada']))
        expect((await runSync(at.config, NAMES)).of('customers')).toMatchObject({ changed: 0, problem: null })
      }),
  )

  test('K6/24: reconcile repairs rows that a foreign key refers to', () =>
    inStore(async at => {
      const before = await dump(at.destination, customers)
      await notes(at, 'on delete cascade')
      await at.sql(`update recharge.customers set first_name = 'by hand'`)
      const ran = await runReconcile(at.config, ['customers'], { repair: true })
      expect(ran.text).toContain('customers')
      expect(await dump(at.destination, customers)).toEqual(before)
      expect((await at.sql('select count(*) as n from recharge.notes'))[0]?.n).toBe(String(before.customers?.length))
      expect((await runSync(at.config, ['customers'])).of('customers').problem).toBeNull()
    }))

  test('K6/24: a foreign key to the rows of a list fails its stream, and works once it is deferred, as the error says', () =>
    inStore(async at => {
      await at.sql(`create table recharge.picked (order_id bigint, index bigint,
        constraint picked_from foreign key (order_id, index) references recharge.orders__line_items (order_id, index))`)
      await at.sql('insert into recharge.picked select order_id, index from recharge.orders__line_items')
      change(at)
      const ran = await runSync(at.config, NAMES)
      expect(ran.of('orders')).toMatchObject({ outcome: 'failed', problem: { code: 'constraint' } })
      expect(ran.of('customers').outcome).toBe('complete')
      const statement = /alter table .*;/.exec(ran.of('orders').problem?.next ?? '')?.[0] ?? ''
      expect(statement).toBe(
        'alter table "recharge"."picked" alter constraint "picked_from" deferrable initially deferred;',
      )
      await at.sql(statement)
      expect((await runSync(at.config, NAMES)).of('orders')).toMatchObject({ changed: 1, problem: null })
    }))

  test('K6/22: a table that a long reader holds is not waited for without end, and the reader is named', () =>
    inStore(async at => {
      await at.sql('alter table recharge.customers drop column last_name')
      if (at.destination.kind !== 'postgres') throw new Error('there is no Postgres')
      const reader = new pg.Client({ connectionString: at.destination.url, application_name: 'slow report' })
      await reader.connect()
      try {
        await reader.query('begin; select count(*) from recharge.customers')
        const { rows } = await reader.query('select pg_backend_pid() as pid')
        const ran = await runSync(at.config, ['customers'])
        expect([ran.code, ran.report.problem?.code]).toEqual([3, 'locked'])
        expect(ran.report.problem?.message).toContain(`process ${rows[0]?.pid} (slow report`)
        // The first try gives up, and then the reader ends.
        const synced = runSync(at.config, ['customers'])
        const waits = `exists (select 1 from pg_locks l join pg_class c on c.oid = l.relation
          where c.relname = 'customers' and not l.granted)`
        await reader.query(`do $$ begin
          while not ${waits} loop perform pg_sleep(0.01); end loop;
          while ${waits} loop perform pg_sleep(0.01); end loop; end $$`)
        await reader.query('commit')
        expect((await synced).of('customers')).toMatchObject({ outcome: 'complete' })
      } finally {
        await reader.end()
      }
    }))

  test('K6/22: status does not wait without end for a table that nobody may read, and names who holds it', () =>
    inStore(async at => {
      if (at.destination.kind !== 'postgres') throw new Error('there is no Postgres')
      const other = new pg.Client({ connectionString: at.destination.url, application_name: 'vacuum by hand' })
      await other.connect()
      try {
        await other.query('begin; lock table recharge.customers in access exclusive mode')
        const app = createApp(at.config, { level: 'silent' })
        await expect(status(app, select(app, ['orders', 'customers']), null)).rejects.toMatchObject({
          code: 'locked',
          message: expect.stringContaining('(vacuum by hand'),
        })
        await other.query('rollback')
        expect((await status(app, select(app, ['orders', 'customers']), null)).code).toBe(0)
      } finally {
        await other.end()
      }
    }))

  test('K6/24: a trigger that raises an error fails its stream, and is named', () =>
    inStore(async at => {
      await at.sql(`create function recharge.guard() returns trigger language plpgsql as $$
        begin raise exception 'frozen by finance'; end $$`)
      await at.sql(`create trigger guard before insert or update or delete on recharge.customers
        for each row execute function recharge.guard()`)
      await expectFailed(at, /guard\(\).*frozen by finance/, /disable trigger/)
    }))

  test('K6/24: a check and a foreign key of our own table fail their stream with the way out', () =>
    inStore(async at => {
      await at.sql(`alter table recharge.customers add constraint not_ada check (first_name <> 'Ada')`)
      await expectFailed(at, /not_ada/, /drop constraint "not_ada"/)
    }))
})
