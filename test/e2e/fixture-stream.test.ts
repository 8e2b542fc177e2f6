import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { createApp } from '../../src/cli/app.ts'
import { sync } from '../../src/cli/commands/sync.ts'
import { fixturesOf } from '../../src/cli/fixtures.ts'
import type { RunReport } from '../../src/common/run-report.ts'
import { NO_PROGRESS } from '../../src/pipeline/progress.ts'
import { instant, int, required, text } from '../../src/schema/column.ts'
import { child, stream } from '../../src/schema/define.ts'
import type { Stream } from '../../src/schema/stream.ts'
import type { StoreRecord } from '../../src/simulator/record.ts'
import { drawDestination, withFolder } from '../support/destinations.ts'
import { dump } from '../support/dump.ts'
import { configFor, withSimulator } from '../support/run.ts'

/* A new stream is one declaration and one fixture. These streams are in neither `schemas/` nor the simulator. */

const columns = {
  id: required(int('Key.')),
  label: text('Words.'),
  updated_at: instant('When it last changed.'),
}
const punches = child({ doc: 'Punches.', from: 'punches', columns: { shop: text('Where.') } })

const cards = stream({
  name: 'punch_cards',
  singular: 'punch_card',
  doc: 'A card that is punched with every purchase.',
  path: '/loyalty/punch_cards',
  list: 'cards',
  sort: 'updated_at-asc',
  scopes: ['read_loyalty'],
  key: 'id',
  sync: { mode: 'incremental', cursor: 'updated_at', since: 'updated_at_min', until: 'updated_at_max', sorted: true },
  retrieve: true,
  columns,
  children: { punches },
})
const visits = stream({
  name: 'visits',
  singular: 'visit',
  doc: 'A visit of a customer.',
  path: '/customers/{customer_id}/visits',
  list: 'visits',
  scopes: ['read_loyalty'],
  key: 'id',
  parent: { stream: 'customers', as: 'customer_id' },
  sync: { mode: 'full' },
  columns: { ...columns, customer_id: int('Who came.') },
})
const club = stream({
  name: 'club',
  singular: 'club',
  doc: 'What the store calls its club.',
  path: '/club',
  list: 'club',
  pagination: 'single',
  scopes: [],
  key: 'id',
  sync: { mode: 'full' },
  columns,
})
const RECORD = { id: 7, label: 'the seventh', updated_at: '2026-11-01T10:00:00+00:00' }

interface Case {
  readonly declared: Stream
  readonly record: StoreRecord
  readonly tables: Readonly<Record<string, readonly object[]>>
}

const row = { id: '7', label: 'the seventh', updated_at: '2026-11-01 10:00:00' }
const CASES: readonly Case[] = [
  {
    declared: cards,
    record: { ...RECORD, punches: [{ shop: 'Harbour' }, { shop: 'Station' }] },
    tables: {
      punch_cards: [row],
      punch_cards__punches: [
        { punch_card_id: '7', index: '0', shop: 'Harbour' },
        { punch_card_id: '7', index: '1', shop: 'Station' },
      ],
    },
  },
  { declared: visits, record: RECORD, tables: { visits: [{ ...row, customer_id: expect.stringMatching(/^\d+$/) }] } },
  { declared: club, record: RECORD, tables: { club: [row] } },
]

describe.each(drawDestination())('$name', place => {
  test.each(CASES)(
    'a declared stream without a story is served from its fixture and synced: $declared.name',
    async ({ declared, record, tables }) => {
      await withFolder(async folder => {
        const file = join(folder, declared.name, 'record.json')
        mkdirSync(dirname(file))
        writeFileSync(file, JSON.stringify(record))
        const fixtures = fixturesOf([declared], pathToFileURL(`${folder}/`))
        await withSimulator({ fixtures }, simulator =>
          place.with(async destination => {
            const run = async () => {
              const app = createApp(configFor(simulator, destination, folder), { level: 'silent' })
              const selection = { streams: [declared], explicit: new Set<string>() }
              const ran = await sync(app, selection, NO_PROGRESS, new AbortController().signal)
              expect(ran.code, ran.text).toBe(0)
              return (ran.json as RunReport).streams[0]
            }
            expect(await run()).toMatchObject({ outcome: 'complete', added: 1, rejected: 0, undeclared: {} })
            const stored = await dump(destination, [declared])
            expect(Object.keys(stored)).toEqual(Object.keys(tables))
            for (const [name, rows] of Object.entries(tables)) {
              expect(stored[name], name).toHaveLength(rows.length)
              expect(stored[name], name).toMatchObject(rows)
            }
            expect(await run()).toMatchObject({ outcome: 'complete', added: 0, changed: 0 })
          }),
        )
        await withSimulator({ fixtures }, async ({ url, token }) => {
          const headers = { 'x-recharge-access-token': token, 'x-recharge-version': '2021-11' }
          const one = await fetch(`${url}${declared.path}/7`, { headers })
          expect([one.status, one.ok && (await one.json())]).toEqual(
            declared.retrieve ? [200, { [declared.singular]: record }] : [404, false],
          )
        })
      })
    },
  )
})
