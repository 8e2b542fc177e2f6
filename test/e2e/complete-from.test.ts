import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createApp, STREAMS, select } from '../../src/cli/app.ts'
import { importable, importFile } from '../../src/cli/commands/import.ts'
import { reset } from '../../src/cli/commands/reset.ts'
import { status } from '../../src/cli/commands/status.ts'
import type { Config } from '../../src/cli/config/load.ts'
import { BEGINNING } from '../../src/common/complete-from.ts'
import { fromMillis, minus, toMillis } from '../../src/common/instant.ts'
import type { Gap, Instant } from '../../src/common/model.ts'
import type { StoreRecord } from '../../src/simulator/record.ts'
import type { Store } from '../../src/simulator/store.ts'
import { utcText } from '../../src/simulator/time.ts'
import { chargesCsv } from '../support/charges-csv.ts'
import { drawDestination, withFolder } from '../support/destinations.ts'
import { withQuery } from '../support/dump.ts'
import { configFor, makeStore, runBackfill, runSync, withSimulator } from '../support/run.ts'
import { type Synced, synced } from '../support/synced.ts'

const DAY = 86_400_000
const HOUR = 3_600_000
const { signal } = new AbortController()
const streamOf = (name: string) => {
  const found = STREAMS.find(stream => stream.name === name)
  if (!found) throw new Error(`${name} is not declared`)
  return found
}

const PROCESSED = ['success', 'refunded', 'partially_refunded']
const isProcessed = ({ status: state }: StoreRecord): boolean => PROCESSED.includes(String(state))
const instantOf = (text: unknown): Instant => fromMillis(Date.parse(String(text)))
const processedCharges = (store: Store): StoreRecord[] => store.all('charges').filter(isProcessed)
const atOf = (charge: StoreRecord): Instant => instantOf(charge.processed_at)

interface Stated {
  readonly stream: string
  readonly complete_from: Instant | null
  readonly complete_to: Instant | null
  readonly gaps: readonly Gap[]
  readonly imported: { readonly rows: number; readonly oldest: Instant; readonly newest: Instant } | null
}

async function statusOf(config: Config, name: string): Promise<Stated & { readonly text: string }> {
  const app = createApp(config, { level: 'silent' })
  const { json, text } = await status(app, select(app, [name]), null)
  const [stated] = (json as { streams: readonly Stated[] }).streams
  if (!stated) throw new Error(text)
  return { ...stated, text }
}

/** A day before a moment of the store, give or take the minutes that the program keeps as a margin. */
const isDaysBefore = (from: Instant | null, days: number, store: Store): boolean =>
  from !== null && Math.abs(store.now().getTime() - days * DAY - toMillis(from)) < 10 * 60_000

const columnOf = async ({ sql }: Pick<Synced, 'sql'>, name: string): Promise<unknown> => {
  const [row] = await sql(
    `select cast(complete_from as text) as f from recharge._sync_checkpoints where stream = '${name}'`,
  )
  return row?.f ?? null
}

describe.each(drawDestination())('$name', place => {
  /** Processed charges of the store that the promise is about, and how many of them the table lacks. */
  async function held(store: Store, { complete_from: from, complete_to: to, gaps }: Stated, sql: Synced['sql']) {
    if (from === null || to === null) throw new Error('nothing is promised')
    const ids = new Set((await sql('select id from recharge.charges')).map(({ id }) => Number(id)))
    const promised = processedCharges(store).filter(
      charge =>
        atOf(charge) >= from &&
        instantOf(charge.updated_at) <= to &&
        !gaps.some(gap => atOf(charge) >= gap.from && atOf(charge) <= gap.to),
    )
    return { promised: promised.length, absent: promised.filter(({ id }) => !ids.has(Number(id))).length }
  }

  test('I27: a first sync promises what the API still served at its end, and later syncs keep it', async () => {
    await synced(place, ['charges', 'customers', 'events', 'webhooks'], async ({ simulator, config, sql }) => {
      const { store } = simulator
      const first = await statusOf(config, 'charges')
      expect(isDaysBefore(first.complete_from, 90, store)).toBe(true)
      // The store has older ones, which the API no longer shows.
      const older = processedCharges(store).filter(charge => atOf(charge) < (first.complete_from ?? ''))
      expect(older.length).toBeGreaterThan(10)
      const { promised, absent } = await held(store, first, sql)
      expect(promised).toBeGreaterThan(10)
      expect(absent).toBe(0)
      const events = await statusOf(config, 'events')
      expect(isDaysBefore(minus(events.complete_from ?? BEGINNING, 5 * HOUR), 7, store)).toBe(true)
      for (const name of ['customers', 'webhooks']) {
        const whole = await statusOf(config, name)
        expect(whole.complete_from).toBe(BEGINNING)
        expect(whole.text).toContain('the beginning')
      }
      expect(first.text).toContain(`${first.complete_from?.slice(0, 19)}Z  ${first.complete_to?.slice(0, 19)}Z`)

      store.advance(30 * DAY)
      const ran = await runSync(config, ['charges', 'customers'])
      expect(ran.of('charges').complete_from).toBe(first.complete_from)
      expect(ran.of('customers').complete_from).toBe(BEGINNING)
      expect(ran.text).toContain('the beginning')
      expect(ran.text).toContain(`${first.complete_from?.slice(0, 19)}Z`)
      const later = await statusOf(config, 'charges')
      expect(later.complete_from).toBe(first.complete_from)
      expect(later.complete_to).not.toBe(first.complete_to)
      expect(String(await columnOf({ sql }, 'charges')).slice(0, 10)).toBe(first.complete_from?.slice(0, 10))
      expect((await held(store, later, sql)).absent).toBe(0)
    })
  })

  test('I27: a first sync that is resumed weeks later promises no charge that dropped out meanwhile', async () => {
    const store = makeStore({ customers: 120, months: 6 })
    const begin = store.now().getTime()
    // Changed an hour ago, so the scan reads it late; by then the API shows it no longer.
    const [late] = processedCharges(store).filter(
      charge => toMillis(atOf(charge)) > begin - 88 * DAY && toMillis(atOf(charge)) < begin - 72 * DAY,
    )
    store.edit('charges', Number(late?.id), { updated_at: utcText(begin - HOUR) })
    await withSimulator({ store }, simulator =>
      place.with(destination =>
        withFolder(async folder => {
          const config = configFor(simulator, destination, folder)
          const sql = (statement: string) => withQuery(destination, query => query(statement))
          simulator.faults.add({ kind: 'status', status: 422, body: {}, match: r => 'cursor' in r.query })
          const broken = await runSync(config, ['charges'])
          expect(broken.code).toBe(1)
          // What the first pages have proved is said of its end only.
          expect(broken.of('charges')).toMatchObject({ complete_from: null, records: 250 })
          expect(broken.of('charges').complete_to).not.toBeNull()
          const half = await statusOf(config, 'charges')
          expect(half.complete_from).toBeNull()
          expect(half.text).toContain('not known')
          expect(await columnOf({ sql }, 'charges')).toBeNull()

          store.advance(20 * DAY)
          const ran = await runSync(config, ['charges'])
          expect(ran.code, ran.text).toBe(0)
          const whole = await statusOf(config, 'charges')
          expect(isDaysBefore(whole.complete_from, 90, store)).toBe(true)
          const { promised, absent } = await held(store, whole, sql)
          expect(promised).toBeGreaterThan(10)
          expect(absent).toBe(0)
          // From 90 days before its start on, the charges would not be complete.
          const early = { ...whole, complete_from: fromMillis(begin - 90 * DAY) }
          expect((await held(store, early, sql)).absent).toBeGreaterThan(0)
        }),
      ),
    )
  })

  test('I27: with recharge.start, a stream is complete from there on, however the API reads the filter', async () => {
    await withSimulator({ store: makeStore({ customers: 40, months: 7 }) }, simulator =>
      place.with(destination =>
        withFolder(async folder => {
          const start = fromMillis(simulator.store.now().getTime() - 30 * DAY)
          const config = configFor(simulator, destination, folder, { start })
          const ran = await runSync(config, ['customers', 'charges', 'products'])
          // A filter that is read as US Eastern shows records only from five hours later on.
          for (const name of ['customers', 'charges']) expect(ran.of(name).complete_from).toBe(minus(start, -5 * HOUR))
          // A stream without a cursor is read whole in any case.
          expect(ran.of('products').complete_from).toBe(BEGINNING)
        }),
      ),
    )
  })

  test('I27: a gap leaves complete_from where it is, and status lists the gap beside it', async () => {
    await synced(place, ['charges', 'events'], async ({ simulator, config, sql }) => {
      const before = { charges: await statusOf(config, 'charges'), events: await statusOf(config, 'events') }
      simulator.store.advance(120 * DAY)
      for (const charge of processedCharges(simulator.store).slice(-20))
        simulator.store.insert('charges', {
          ...charge,
          id: Number(charge.id) + 900_000_000,
          processed_at: utcText(simulator.store.now().getTime() - 100 * DAY),
          updated_at: utcText(simulator.store.now().getTime() - 100 * DAY),
        })
      expect((await runSync(config, ['charges', 'events'])).code).toBe(0)
      for (const name of ['charges', 'events'] as const) {
        const after = await statusOf(config, name)
        expect(after.complete_from).toBe(before[name].complete_from)
        expect(after.gaps.length).toBe(1)
        expect(after.text).toContain('no run had read it')
      }
      const after = await statusOf(config, 'charges')
      expect((await held(simulator.store, after, sql)).absent).toBe(0)
      expect((await held(simulator.store, { ...after, gaps: [] }, sql)).absent).toBe(20)
    })
  })

  test('I27: a backfill neither makes nor moves the promise', async () => {
    await withSimulator({ store: makeStore({ customers: 30, months: 6 }) }, simulator =>
      place.with(destination =>
        withFolder(async folder => {
          const config = configFor(simulator, destination, folder)
          const window = { since: fromMillis(simulator.store.now().getTime() - 60 * DAY), until: null }
          const alone = await runBackfill(config, ['charges', 'customers'], window, false)
          expect(alone.code, alone.text).toBe(0)
          expect(alone.of('customers').complete_from).toBeNull()
          expect((await statusOf(config, 'customers')).complete_from).toBeNull()
          await runSync(config, ['charges', 'customers'])
          const before = await statusOf(config, 'charges')
          simulator.store.advance(10 * DAY)
          expect((await runBackfill(config, ['charges'], window, false)).of('charges').complete_from).toBeNull()
          expect(await statusOf(config, 'charges')).toMatchObject({
            complete_from: before.complete_from,
            complete_to: before.complete_to,
          })
        }),
      ),
    )
  })

  test('I27: a reset forgets the promise with the checkpoint: the next sync promises what it reads', async () => {
    await synced(place, ['charges', 'customers'], async ({ simulator, config, sql }) => {
      const rows = (await sql('select id from recharge.charges')).length
      simulator.store.advance(40 * DAY)
      const app = createApp(config, { level: 'silent' })
      const said = await reset(app, [streamOf('charges')], true)
      expect(said.text).toContain('complete_from')
      expect((await reset(app, [streamOf('customers')], false)).text).not.toContain('complete_from')
      const none = await statusOf(config, 'charges')
      expect([none.complete_from, none.complete_to]).toEqual([null, null])
      await runSync(config, ['charges', 'customers'])
      const again = await statusOf(config, 'charges')
      expect(isDaysBefore(again.complete_from, 90, simulator.store)).toBe(true)
      expect((await sql('select id from recharge.charges')).length).toBeGreaterThanOrEqual(rows)
      expect((await held(simulator.store, again, sql)).absent).toBe(0)
      expect((await statusOf(config, 'customers')).complete_from).toBe(BEGINNING)
    })
  })

  test('I27: rows that were lost with a dropped table are promised no more', async () => {
    await synced(place, ['charges'], async ({ simulator, config, sql }) => {
      const before = await statusOf(config, 'charges')
      simulator.store.advance(40 * DAY)
      await sql('drop table recharge.charges')
      expect((await runSync(config, ['charges'])).of('charges').problem?.code).toBe('table_missing')
      const after = await statusOf(config, 'charges')
      expect(isDaysBefore(after.complete_from, 90, simulator.store)).toBe(true)
      expect((await held(simulator.store, after, sql)).absent).toBe(0)
      const early = { ...after, complete_from: before.complete_from, gaps: [] }
      expect((await held(simulator.store, early, sql)).absent).toBeGreaterThan(0)
    })
  })

  describe('an import', () => {
    const charges = importable('charges')
    const written = (config: Config, records: readonly StoreRecord[]): string => {
      const file = join(config.directory, 'export.csv')
      writeFileSync(file, chargesCsv(records))
      return file
    }
    const load = (
      config: Config,
      records: readonly StoreRecord[],
      range: { readonly from: Instant; readonly to?: Instant } | null,
      dryRun = false,
    ) =>
      importFile(
        createApp(config, { level: 'silent' }),
        charges,
        written(config, records),
        { dryRun, range: range && { from: range.from, to: range.to ?? null } },
        signal,
      )
    const since = (store: Store, days: number): Instant => fromMillis(store.now().getTime() - days * DAY)

    test('I27: promises nothing by itself, and status tells of its rows beside the promise', async () => {
      await synced(place, ['charges'], async ({ simulator, config }) => {
        const before = await statusOf(config, 'charges')
        expect(before.imported).toBeNull()
        const all = processedCharges(simulator.store)
        const { json, text } = await load(config, all, null)
        const oldest = all.map(atOf).sort()[0]
        expect(json).toMatchObject({ oldest, complete_from: before.complete_from })
        expect(text).toContain('--complete-from')
        const after = await statusOf(config, 'charges')
        expect(after.complete_from).toBe(before.complete_from)
        const imported = all.filter(charge => atOf(charge) < (before.complete_from ?? ''))
        expect(after.imported).toMatchObject({ rows: imported.length, oldest })
        expect(after.text).toContain(`charges: ${imported.length} rows are from exports`)
      })
    })

    test('I27: moves the promise back if the user says that it is whole and the warehouse does not contradict', async () => {
      await synced(place, ['charges'], async ({ simulator, config, sql }) => {
        const { store } = simulator
        const before = await statusOf(config, 'charges')
        const all = processedCharges(store)
        const from = since(store, 300)
        expect((await load(config, all, { from }, true)).json).toMatchObject({ complete_from: from, dry_run: true })
        expect((await statusOf(config, 'charges')).complete_from).toBe(before.complete_from)
        const { json, text } = await load(config, all, { from })
        expect(json).toMatchObject({ complete_from: from })
        expect(text).toContain(`charges is complete from ${from.slice(0, 19)}Z on`)
        const after = await statusOf(config, 'charges')
        expect(after).toMatchObject({ complete_from: from, complete_to: before.complete_to })
        expect(after.text).not.toContain('rows are from exports')
        const { promised, absent } = await held(store, after, sql)
        expect([promised, absent]).toEqual([all.length, 0])
        const [own] = await sql(
          `select cast(report as text) as r from recharge._sync_checkpoints where stream = 'import:charges'`,
        )
        expect(JSON.parse(String(own?.r))).toMatchObject({ complete_from: from })
        // Later syncs keep it, and so does an import that reaches less far.
        store.advance(2 * DAY)
        expect((await runSync(config, ['charges'])).of('charges').complete_from).toBe(from)
        expect((await load(config, all, { from: since(store, 100) })).json).toMatchObject({ complete_from: from })
        expect((await statusOf(config, 'charges')).complete_from).toBe(from)
      })
    })

    test('I27: is refused, and loads nothing, if it lacks rows that the warehouse has of that time', async () => {
      await synced(place, ['charges'], async ({ simulator, config, sql }) => {
        const before = await statusOf(config, 'charges')
        const rows = await sql('select id from recharge.charges')
        const all = processedCharges(simulator.store)
        const from = since(simulator.store, 300)
        const given = all.filter(charge => atOf(charge) >= (before.complete_from ?? ''))
        const [left] = given.slice(3)
        const filtered = all.filter(({ id }) => id !== left?.id)
        await expect(load(config, filtered, { from })).rejects.toThrow(
          new RegExp(`the warehouse has 1 others with processed_at in that time, such as ${left?.id}\\.`),
        )
        expect((await statusOf(config, 'charges')).complete_from).toBe(before.complete_from)
        expect(await sql('select id from recharge.charges')).toHaveLength(rows.length)
        // A charge that is marked as deleted, or that is not processed, need not be in an export.
        await sql(`update recharge.charges set _deleted_at = timestamptz '2026-01-01 00:00:00Z' where id = ${left?.id}`)
        const [other] = given.slice(5)
        await sql(`update recharge.charges set status = 'error' where id = ${other?.id}`)
        const fewer = filtered.filter(({ id }) => id !== other?.id)
        expect((await load(config, fewer, { from })).json).toMatchObject({ complete_from: from })
      })
    })

    test('I27: has to reach to where the stream is complete, so older files come after newer ones', async () => {
      await synced(place, ['charges'], async ({ simulator, config, sql }) => {
        const { store } = simulator
        const all = processedCharges(store)
        const [old, middle] = [since(store, 300), since(store, 140)]
        const older = all.filter(charge => atOf(charge) < middle)
        const newer = all.filter(charge => atOf(charge) >= middle)
        expect(Math.min(older.length, newer.length)).toBeGreaterThan(5)
        await expect(load(config, older, { from: old, to: middle })).rejects.toThrow(/import the time between the two/)
        expect((await load(config, newer, { from: middle })).json).toMatchObject({ complete_from: middle })
        expect((await load(config, older, { from: old, to: middle })).json).toMatchObject({ complete_from: old })
        const after = await statusOf(config, 'charges')
        expect(await held(store, after, sql)).toEqual({ promised: all.length, absent: 0 })
      })
    })

    test('I27: before the first sync it is loaded without a promise, and one to join is refused', async () => {
      await withSimulator({ store: makeStore({ customers: 30, months: 7 }) }, simulator =>
        place.with(destination =>
          withFolder(async folder => {
            const config = configFor(simulator, destination, folder)
            const all = processedCharges(simulator.store)
            const from = since(simulator.store, 300)
            await expect(load(config, all, { from })).rejects.toThrow(/run sync until its first scan has ended/)
            expect((await load(config, all, null)).text).toContain('from its first sync on')
            expect((await statusOf(config, 'charges')).complete_from).toBeNull()
            const ran = await runSync(config, ['charges'])
            expect(isDaysBefore(ran.of('charges').complete_from, 90, simulator.store)).toBe(true)
            expect((await load(config, all, { from })).json).toMatchObject({
              complete_from: from,
              added: 0,
              changed: 0,
            })
          }),
        ),
      )
    })
  })

  describe('a warehouse of an older version', () => {
    /** As a version without `complete_from` would have left it. */
    async function makeOlder(sql: Synced['sql']): Promise<void> {
      await sql('alter table recharge._sync_checkpoints drop column complete_from')
      const without = (text: unknown): string =>
        JSON.stringify(JSON.parse(String(text)), (key, value) => (key === 'complete_from' ? undefined : value))
      for (const [table, key] of [
        ['_sync_runs', 'run'],
        ['_sync_checkpoints', 'stream'],
      ])
        for (const { k, r } of await sql(
          `select ${key} as k, cast(report as text) as r from recharge.${table} where report is not null`,
        ))
          await sql(`update recharge.${table} set report = '${without(r).replaceAll("'", "''")}' where ${key} = '${k}'`)
    }
    const NAMES = ['charges', 'customers', 'webhooks']

    test('I27: is complete from when its first reports say, and until a run has been there it is not known', async () => {
      await synced(
        place,
        NAMES,
        async ({ simulator, config, sql }) => {
          const [first] = await sql('select cast(min(finished_at) as text) as at from recharge._sync_runs')
          simulator.store.advance(30 * DAY)
          await runSync(config, NAMES)
          await makeOlder(sql)
          const old = await statusOf(config, 'charges')
          expect(old).toMatchObject({ complete_from: null })
          expect(old.text).toContain('not known')
          // A stream that is read whole was complete before, as its watermark shows.
          expect((await statusOf(config, 'webhooks')).complete_from).toBe(BEGINNING)
          simulator.store.advance(DAY)
          const ran = await runSync(config, NAMES)
          expect(ran.code, ran.text).toBe(0)
          // A report says when its run ended, by the clock of this machine.
          const derived = ran.of('charges').complete_from
          const proved = Date.parse(String(first?.at)) - 90 * DAY
          expect(Math.abs(toMillis(derived ?? BEGINNING) - proved)).toBeLessThan(10 * 60_000)
          for (const name of ['customers', 'webhooks']) expect(ran.of(name).complete_from).toBe(BEGINNING)
          const after = await statusOf(config, 'charges')
          expect(after.complete_from).toBe(derived)
          expect((await held(simulator.store, after, sql)).absent).toBe(0)
          // What was derived once is not derived again: a reset forgets it for good.
          const app = createApp(config, { level: 'silent' })
          await reset(app, [streamOf('charges')], true)
          simulator.faults.add({ kind: 'status', status: 422, body: {}, match: r => 'cursor' in r.query })
          expect((await runSync(config, ['charges'])).of('charges')).toMatchObject({ outcome: 'failed', records: 250 })
          expect(
            isDaysBefore((await runSync(config, ['charges'])).of('charges').complete_from, 90, simulator.store),
          ).toBe(true)
        },
        { store: makeStore({ customers: 120, months: 6 }) },
      )
    })

    test('I27: promises nothing across a pause that was followed by a reset, which left no gap', async () => {
      await synced(place, ['charges'], async ({ simulator, config, sql }) => {
        simulator.store.advance(150 * DAY)
        await reset(createApp(config, { level: 'silent' }), [streamOf('charges')], true)
        await runSync(config, ['charges'])
        await makeOlder(sql)
        const ran = await runSync(config, ['charges'])
        expect(isDaysBefore(ran.of('charges').complete_from, 90, simulator.store)).toBe(true)
      })
    })

    test('I27: without its reports it is complete only from where the next scan begins', async () => {
      await synced(place, NAMES, async ({ simulator, config, sql }) => {
        const { complete_to: reached } = await statusOf(config, 'charges')
        await makeOlder(sql)
        await sql('delete from recharge._sync_runs')
        simulator.store.advance(DAY)
        const ran = await runSync(config, NAMES)
        // The lookback of a day, less what a filter read as US Eastern would leave out.
        for (const name of ['charges', 'customers'])
          expect(toMillis(ran.of(name).complete_from ?? BEGINNING)).toBe(toMillis(reached ?? BEGINNING) - 19 * HOUR)
        expect(ran.of('webhooks').complete_from).toBe(BEGINNING)
      })
    })
  })
})
