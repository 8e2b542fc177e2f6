import { describe, expect, test } from 'vitest'
import { createApp } from '../../src/cli/app.ts'
import { sync } from '../../src/cli/commands/sync.ts'
import type { Config } from '../../src/cli/config/load.ts'
import type { RunReport } from '../../src/common/run-report.ts'
import { NO_PROGRESS } from '../../src/pipeline/progress.ts'
import type { Columns } from '../../src/schema/column.ts'
import type { Stream } from '../../src/schema/stream.ts'
import { drawDestination, withFolder } from '../support/destinations.ts'
import { withQuery } from '../support/dump.ts'
import { clockFor, configFor, makeStore, withSimulator } from '../support/run.ts'

/* A later version declares fields that an earlier one kept in `_extra`: the next run fills their columns from there. */

const DAY = 86_400_000
const NAMES = ['addresses', 'collections', 'customers', 'plans']
const LATER_LISTS = ['manual_sort_order', 'note_attributes', 'pricing_progression', 'translations']
const LATER_COLUMNS = ['is_gift', 'can_add_payment_method', 'product_quantity', 'recurring_discount_amount']

const without = <T>(members: Readonly<Record<string, T>>, names: readonly string[]): Readonly<Record<string, T>> =>
  Object.fromEntries(Object.entries(members).filter(([name]) => !names.includes(name)))

/** The stream as a version before these fields declared it. */
const earlier = (stream: Stream): Stream => ({
  ...stream,
  columns: without(stream.columns, LATER_COLUMNS) as Columns,
  children: without(stream.children, LATER_LISTS),
})

const LONG_AGO = '2026-06-01T10:00:00+00:00'
const RECORDS = {
  addresses: {
    id: 1,
    updated_at: LONG_AGO,
    created_at: LONG_AGO,
    is_gift: true,
    note_attributes: [{ name: 'rc_giftee_email', value: 'giftee@example.com' }],
  },
  collections: { id: 1, title: 'Beans', manual_sort_order: ['8154900077741', '8154900021347'] },
  customers: { id: 1, updated_at: LONG_AGO, created_at: LONG_AGO, can_add_payment_method: false },
  plans: {
    id: 1,
    updated_at: LONG_AGO,
    product_quantity: 3,
    recurring_discount_amount: '15.50',
    subscription_preferences: { interval_unit: 'week', pricing_progression: [{ recurring_discount_after_cycle: '2' }] },
    translations: [{ language: 'fr', title: 'Mensuel' }, { language: 'de' }],
  },
}

describe.each(drawDestination())('$name', place => {
  test('columns and lists are filled from _extra, also of a stream that is not read again yet', async () => {
    const store = makeStore({ customers: 2, months: 1 })
    for (const [name, record] of Object.entries(RECORDS)) store.insert(name, record)
    await withSimulator({ store }, simulator =>
      place.with(destination =>
        withFolder(async folder => {
          const config: Config = { ...configFor(simulator, destination, folder), refreshMs: () => DAY }
          const { policies: usual } = config
          const policies = { ...usual, sensitive: 'hash' } as const
          const run = async (change: (stream: Stream) => Stream): Promise<RunReport> => {
            const app = createApp({ ...config, policies }, { level: 'silent', now: clockFor(config) })
            const streams = app.streams.filter(({ name }) => NAMES.includes(name)).map(change)
            const ran = await sync(
              app,
              { streams, explicit: new Set<string>() },
              NO_PROGRESS,
              new AbortController().signal,
            )
            expect(ran.code, ran.text).toBe(0)
            return ran.json as RunReport
          }
          const sql = (statement: string) => withQuery(destination, query => query(statement))
          await run(earlier)
          const kept = await sql(`select cast(_extra as text) as extra from recharge.collections where id = 1`)
          expect(String(kept[0]?.extra)).toContain('8154900077741')

          store.advance(3_600_000)
          const requests = simulator.requests.length
          const report = await run(stream => stream)
          const asked = simulator.requests.slice(requests).map(({ path }) => path)
          expect(asked).not.toContain('/collections')
          expect(asked).toContain('/plans')
          expect(report.streams.map(({ stream, added, rejected }) => [stream, added, rejected])).toEqual(
            NAMES.map(name => [name, 0, 0]),
          )
          for (const name of NAMES)
            expect([
              name,
              await sql(`select cast(_extra as text) as extra from recharge.${name} where id = 1`),
            ]).toEqual([name, [{ extra: null }]])
          expect(
            await sql(`select external_product_id as id from recharge.collections__manual_sort_order
              where collection_id = 1 order by index`),
          ).toEqual(RECORDS.collections.manual_sort_order.map(id => ({ id })))
          expect(
            await sql(`select language, title from recharge.plans__translations where plan_id = 1 order by index`),
          ).toEqual([
            { language: 'fr', title: 'Mensuel' },
            { language: 'de', title: null },
          ])
          expect(
            await sql(`select cast(recurring_discount_after_cycle as text) as n from recharge.plans__pricing_progression
              where plan_id = 1`),
          ).toEqual([{ n: '2' }])
          expect(
            await sql(`select cast(product_quantity as text) as n, cast(recurring_discount_amount > 15 as text) as more
              from recharge.plans where id = 1`),
          ).toEqual([{ n: '3', more: 'true' }])
          expect(await sql(`select is_gift from recharge.addresses where id = 1`)).toEqual([{ is_gift: true }])
          expect(await sql(`select can_add_payment_method as may from recharge.customers where id = 1`)).toEqual([
            { may: false },
          ])
          const [note] = await sql(`select name, value from recharge.addresses__note_attributes where address_id = 1`)
          expect(note).toEqual({ name: 'rc_giftee_email', value: expect.stringMatching(/^[0-9a-f]{64}$/) })
        }),
      ),
    )
  })
})
