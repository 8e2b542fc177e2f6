import { describe, expect, test } from 'vitest'
import { STREAMS } from '../../src/cli/app.ts'
import { DESTINATIONS, withFolder } from '../support/destinations.ts'
import { dump } from '../support/dump.ts'
import { firstLoad } from '../support/first-load.ts'
import { configFor, makeFullStore, runSync, STREAM_NAMES, withSimulator } from '../support/run.ts'

describe.each(DESTINATIONS)('$name', place => {
  const loaded = firstLoad(place, destination =>
    withSimulator({}, simulator =>
      withFolder(async folder => {
        const first = await runSync(configFor(simulator, destination, folder), STREAM_NAMES)
        expect(first.text).not.toContain('failed')
        expect(first.code).toBe(0)
        expect(first.of('charges').added).toBeGreaterThan(50)
        return simulator.store
      }),
    ),
  )

  test('I4: after a first run over every stream, a second over an unchanged store writes no row', async () => {
    await loaded((destination, store) =>
      withSimulator({ store }, simulator =>
        withFolder(async folder => {
          const config = configFor(simulator, destination, folder)
          const before = await dump(destination, STREAMS)
          const second = await runSync(config, STREAM_NAMES)
          expect(second.code).toBe(0)
          for (const stream of second.report.streams)
            expect(stream, stream.stream).toMatchObject({ added: 0, changed: 0, rejected: 0 })
          expect(await dump(destination, STREAMS)).toEqual(before)
        }),
      ),
    )
  })

  test('I6: after edits exactly those are written, and the lists of a changed owner are replaced', async () => {
    await loaded((destination, store) =>
      withSimulator({ store }, simulator =>
        withFolder(async folder => {
          const config = configFor(simulator, destination, folder)
          const queued = store.all('charges').filter(charge => charge.status === 'queued')
          const [edited, shrunk] = queued
          const [line] = (shrunk?.line_items ?? []) as { title: string }[]
          store.advance(60_000)
          store.edit('charges', Number(edited?.id), { note: 'ring twice' })
          store.edit('charges', Number(shrunk?.id), { line_items: [{ ...line, title: 'Only this' }] })
          const second = await runSync(config)
          expect(second.of('charges')).toMatchObject({ added: 0, changed: 2, rejected: 0 })
          for (const { stream, added, changed } of second.report.streams)
            if (stream !== 'charges') expect({ stream, added, changed }).toEqual({ stream, added: 0, changed: 0 })
          const charges = STREAMS.filter(({ name }) => name === 'charges')
          const tables = await dump(destination, charges)
          const row = tables.charges?.find(charge => charge.id === String(edited?.id))
          expect(row?.note).toBe('ring twice')
          const lines = tables.charges__line_items?.filter(l => l.charge_id === String(shrunk?.id))
          expect(lines?.map(l => [l.index, l.title])).toEqual([['0', 'Only this']])
        }),
      ),
    )
  })
})

test('I10: both destinations have the same rows, in every table and column', async () => {
  await withSimulator({ store: makeFullStore({ customers: 80, months: 12 }) }, simulator =>
    withFolder(async folder => {
      const dumps = []
      for (const place of DESTINATIONS)
        dumps.push(
          await place.with(async destination => {
            const ran = await runSync(configFor(simulator, destination, folder), STREAM_NAMES)
            expect(ran.code, place.name).toBe(0)
            return dump(destination, STREAMS)
          }),
        )
      const [duckdb = {}, postgres = {}] = dumps
      expect(Object.keys(duckdb)).toEqual(Object.keys(postgres))
      for (const [table, rows] of Object.entries(duckdb)) {
        expect(rows.length, `${table} has rows`).toBeGreaterThan(0)
        expect(postgres[table], table).toEqual(rows)
      }
    }),
  )
})
