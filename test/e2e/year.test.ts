import { describe, expect, test } from 'vitest'
import { createApp, STREAMS, select } from '../../src/cli/app.ts'
import { status } from '../../src/cli/commands/status.ts'
import { tablesOf } from '../../src/schema/table.ts'
import { RESOURCES, type ResourceName, type StoreRecord } from '../../src/simulator/record.ts'
import { behindTheWall } from '../../src/simulator/serve/visible.ts'
import { makeLivingStore } from '../../src/simulator/story.ts'
import { ANY_DESTINATION, type DestinationConfig, withFolder } from '../support/destinations.ts'
import { type Dump, dump, withQuery } from '../support/dump.ts'
import { Mutations, momentOf } from '../support/mutations.ts'
import { rounds } from '../support/rounds.ts'
import { configFor, type Ran, runSync, STREAM_NAMES, withSimulator } from '../support/run.ts'
import { live, marked } from '../support/warehouse.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const START = Date.parse('2025-11-01T12:00:00Z')
/** The last sync before the pause, and the first after it. */
const PAUSE = { from: 80, to: 101 }

/** Days on which a sync runs, as fractions: daily, for a while hourly, then every few days, never more than six apart. */
const CADENCE: readonly number[] = [
  ...rounds(
    [0, 2, 4, 6, 7, 8, 10, 11],
    Array.from({ length: 12 }, (_, day) => day),
  ),
  ...Array.from({ length: rounds(2, 4) }, (_, hour) => 13 + hour / 24),
  ...Array.from({ length: 11 }, (_, i) => 19 + i * 6),
  PAUSE.from,
  PAUSE.to,
  PAUSE.to + 1,
  ...Array.from({ length: rounds(9, 44) }, (_, i) => 107 + i * 6),
]
/** By default the same things happen as in a whole year, with fewer quiet weeks between them. */
const END = rounds(161, 365)
const BUSY = ['charges', 'orders', 'subscriptions', 'events']
const MOVING = STREAMS.filter(({ sync }) => sync.mode === 'incremental').map(({ name }) => name)

interface Ends {
  subscription: number
  refund: { readonly charge: number; readonly order: number }
}

/** What happens by the given day, between two syncs. */
function applyChanges(mutations: Mutations, day: number, ends: Partial<Ends>): void {
  const cancelled = ({ status: is }: StoreRecord): boolean => is === 'cancelled'
  const acts: Readonly<Record<number, () => void>> = {
    2: () => mutations.remove('collections', false),
    3: () => mutations.regenerateQuietly(),
    4: () => mutations.remove('webhooks', false),
    5: () => mutations.remove('subscriptions', true, cancelled),
    6: () => mutations.remove('metafields', false),
    7: () => mutations.mistake('discounts'),
    8: () => mutations.bringBack('discounts'),
    9: () => mutations.remove('payment_methods', false),
    10: () => mutations.remove('plans', true),
    11: () => mutations.remove('products', false),
    12: () => mutations.mergeCharges(),
    26: () => mutations.remove('async_batches', false),
    32: () => mutations.remove('orders', false, ({ status: is }) => is === 'queued'),
    38: () => mutations.mergeCustomers(),
    44: () => mutations.remove('onetimes', true),
    // In the pause: the event about the first is forgotten unread, and the list of the queued knows of the second.
    90: () => {
      ends.subscription = Number(mutations.remove('subscriptions', true, cancelled).id)
      mutations.regenerateQuietly()
    },
    // Late enough in the pause for its event to be served after it.
    98: () => mutations.remove('addresses', true),
    116: () => mutations.remove('accounts', false),
    122: () => mutations.remove('credit_accounts', false),
    [rounds(128, 200)]: () => {
      ends.refund = mutations.refundLate()
    },
    [rounds(140, 212)]: () => mutations.mistake('addresses'),
    [rounds(146, 218)]: () => mutations.bringBack('addresses'),
    [rounds(152, 230)]: () => mutations.regenerateQuietly(),
    [rounds(158, 320)]: () => mutations.remove('orders', true, ({ status: is }) => is === 'success'),
  }
  acts[day]?.()
}

describe.each(ANY_DESTINATION)('$name', place => {
  test('I11, I12, I13: after months of changes the warehouse equals the store, and what the API forgot is still there', async () => {
    const living = makeLivingStore({ seed: 3, customers: 14, months: 6, now: new Date(START).toISOString() }, 8, 365)
    const { store } = living
    const served = store.all('charges').filter(charge => behindTheWall(charge, START))
    const forgottenBefore = new Set(served.map(({ id }) => Number(id)))
    await withSimulator({ store }, simulator =>
      place.with(destination =>
        withFolder(async folder => {
          const config = { ...configFor(simulator, destination, folder), refreshMs: () => DAY }
          const mutations = new Mutations(store)
          const ends: Partial<Ends> = {}
          const gaps: Ran[] = []
          let lived = 0
          const syncOn = async (day: number, streams: readonly string[] | null): Promise<void> => {
            while (lived < Math.floor(day)) {
              lived += 1
              living.liveTo(new Date(START + lived * DAY))
              applyChanges(mutations, lived, ends)
            }
            living.liveTo(new Date(START + day * DAY))
            const ran = await runSync(config, streams)
            expect([day, ran.code], ran.text).toEqual([day, 0])
            if (ran.report.streams.some(s => s.gaps.length > 0)) gaps.push(ran)
          }
          // Whole scans and quiet streams are not what the cadence is about, so they are read less often.
          for (const [i, day] of CADENCE.entries()) await syncOn(day, i % 6 === 0 ? null : i % 3 === 0 ? MOVING : BUSY)
          await syncOn(END, null)

          // The gap is named: in the run that met it, in the tables, and in status ever after.
          expect(gaps.length).toBe(1)
          const [gap] = gaps[0]?.of('events').gaps ?? []
          const lost = { from: START + PAUSE.from * DAY, to: START + (PAUSE.to - 7) * DAY }
          expect(Math.abs(Date.parse(gap?.from ?? '') - lost.from)).toBeLessThan(HOUR)
          expect(Math.abs(Date.parse(gap?.to ?? '') - lost.to)).toBeLessThan(HOUR)
          const app = createApp(config, { level: 'silent' })
          const { json } = await status(app, select(app, ['charges', 'events']), null)
          const [charges, events] = (json as { streams: { gaps: object[]; retention: string }[] }).streams
          expect(charges).toMatchObject({ gaps: [], forgets: 'after 90 days (by processed_at)' })
          expect(events).toMatchObject({ gaps: [{ ...gap, run: gaps[0]?.report.run }] })

          // Row for row against the store itself.
          for (const resource of RESOURCES) {
            if (resource === 'payment_sources') continue
            const expected = store.all(resource).filter(record => {
              if (resource === 'charges') return !forgottenBefore.has(Number(record.id))
              // A task is listed by its batch, and with it gone.
              if (resource === 'async_batch_tasks')
                return store.get('async_batches', Number(record.batch_id)) !== undefined
              if (resource !== 'events') return true
              const at = momentOf(record, 'created_at')
              return at >= START - 7 * DAY && !(at > lost.from && at < lost.to)
            })
            const ids = expected.map(({ id }) => Number(id))
            // Of a deletion whose only trace was lost in the gap nothing can be known.
            if (resource === 'subscriptions') ids.push(ends.subscription ?? 0)
            const key = tablesOf(streamOf(resource)).root.key[0]
            const standing = await live(destination, resource, key)
            expect([resource, standing]).toEqual([resource, ids.sort((a, b) => a - b)])
          }

          // Value for value against a warehouse that sees the store for the first time.
          await place.with(async other => {
            const fresh = { ...configFor(simulator, other, folder), refreshMs: () => DAY }
            expect((await runSync(fresh)).code).toBe(0)
            const streams = STREAMS.filter(({ optIn }) => !optIn)
            compare(await dump(destination, streams), await dump(other, streams))
            expect(await queuedRevenue(destination)).toBe(await queuedRevenue(other))
          })

          // What was forgotten is there, unmarked and as it was last seen; what happened to it later is not known.
          const forgotten = store.all('charges').filter(charge => behindTheWall(charge, store.now().getTime()))
          expect(forgotten.length).toBeGreaterThan(50)
          const { charge = 0, order = 0 } = ends.refund ?? {}
          const late = await statuses(destination, charge, order)
          expect(late).toEqual({ charge: 'success', order: 'refunded' })

          // And all of it did happen.
          const by = async (table: ResourceName): Promise<ReadonlySet<string>> =>
            new Set(Object.values(await marked(destination, table)))
          expect(await by('charges')).toEqual(new Set(['absence', 'event']))
          expect(await by('orders')).toEqual(new Set(['absence', 'event']))
          for (const table of ['subscriptions', 'customers', 'addresses', 'onetimes', 'plans'] as const)
            expect([table, await by(table)]).toEqual([table, new Set(['event'])])
          for (const table of [
            'collections',
            'webhooks',
            'metafields',
            'payment_methods',
            'products',
            'accounts',
          ] as const)
            expect([table, await by(table)]).toEqual([table, new Set(['absence'])])
        }),
      ),
    )
  }, 900_000)
})

const streamOf = (resource: ResourceName) => {
  const found = STREAMS.find(({ name }) => name === resource)
  if (!found) throw new Error(`${resource} of ${STREAM_NAMES.length} is no stream`)
  return found
}

/** Every row of `fresh` is in `kept` as it is, and what a record of `fresh` owns, `kept` has no more of. */
function compare(kept: Dump, fresh: Dump): void {
  for (const stream of STREAMS.filter(({ optIn }) => !optIn)) {
    const { root, children } = tablesOf(stream)
    for (const table of [root, ...children.map(child => child.table)]) {
      const key = (row: Readonly<Record<string, unknown>>): string => table.key.map(name => String(row[name])).join()
      const owner = (row: Readonly<Record<string, unknown>>): string => String(row[table.key[0] ?? ''])
      const rows = fresh[table.name] ?? []
      const there = new Set((fresh[root.name] ?? []).map(row => String(row[root.key[0] ?? ''])))
      const same = (kept[table.name] ?? []).filter(row => there.has(owner(row)))
      expect([table.name, same.map(key)]).toEqual([table.name, rows.map(key)])
      for (const [i, row] of rows.entries()) expect([table.name, same[i]]).toEqual([table.name, row])
    }
  }
}

async function queuedRevenue(destination: DestinationConfig): Promise<string> {
  const sql = `select cast(sum(total_price) as text) as sum from recharge.charges where status = 'queued' and _deleted_at is null`
  return String((await withQuery(destination, query => query(sql)))[0]?.sum)
}

async function statuses(destination: DestinationConfig, charge: number, order: number): Promise<object> {
  return withQuery(destination, async query => {
    const [paid] = await query(`select status, _deleted_at from recharge.charges where id = ${charge}`)
    const [sent] = await query(`select charge_status from recharge.orders where id = ${order}`)
    expect(paid?._deleted_at).toBeNull()
    return { charge: paid?.status, order: sent?.charge_status }
  })
}
