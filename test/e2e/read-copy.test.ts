import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { describe, expect, test } from 'vitest'
import { type App, createApp, select } from '../../src/cli/app.ts'
import { backfill } from '../../src/cli/commands/backfill.ts'
import { dbtSourcesFile } from '../../src/cli/commands/dbt-sources.ts'
import { importFile } from '../../src/cli/commands/import.ts'
import { query } from '../../src/cli/commands/query.ts'
import { reconcile } from '../../src/cli/commands/reconcile.ts'
import { replay } from '../../src/cli/commands/replay.ts'
import { reportPage } from '../../src/cli/commands/report-page.ts'
import { reset } from '../../src/cli/commands/reset.ts'
import type { Result } from '../../src/cli/commands/result.ts'
import { status } from '../../src/cli/commands/status.ts'
import { streams } from '../../src/cli/commands/streams.ts'
import { views } from '../../src/cli/commands/views.ts'
import type { Config } from '../../src/cli/config/load.ts'
import type { ReadCopyReport } from '../../src/common/run-report.ts'
import { NO_PROGRESS } from '../../src/pipeline/progress.ts'
import type { Simulator } from '../../src/simulator/server.ts'
import { chargesCsv } from '../support/charges-csv.ts'
import { cli, writeConfig } from '../support/cli.ts'
import { withFolder } from '../support/destinations.ts'
import { configFor, makeStore, runSync, withSimulator } from '../support/run.ts'

const { signal } = new AbortController()
const SELECTED = ['customers', 'charges']

interface Place {
  readonly simulator: Simulator
  readonly config: Config
  readonly folder: string
  readonly file: string
  readonly copy: string
  readonly app: () => App
}

/** A store of a few customers, and a warehouse with a read copy in a folder that is not there yet. */
const withCopy = (work: (place: Place) => Promise<void>): Promise<void> =>
  withSimulator({ store: makeStore({ customers: 6, months: 2 }) }, simulator =>
    withFolder(async folder => {
      const file = join(folder, 'warehouse.duckdb')
      const copy = join(folder, 'readers', 'read.duckdb')
      const destination = { kind: 'duckdb', file, schema: 'recharge', readCopy: copy } as const
      const config = { ...configFor(simulator, destination, folder), streams: SELECTED }
      await work({ simulator, config, folder, file, copy, app: () => createApp(config, { level: 'silent' }) })
    }),
  )

/** A reader in a process of its own would see the same: the file is opened for reading and held. */
async function reader(file: string) {
  const instance = await DuckDBInstance.create(file, { access_mode: 'READ_ONLY' })
  const connection = await instance.connect()
  return {
    name: async (id: number): Promise<unknown> =>
      (
        await connection.runAndReadAll(`select first_name from recharge.customers where id = ${id}`)
      ).getRowsJS()[0]?.[0],
    [Symbol.dispose]() {
      connection.closeSync()
      instance.closeSync()
    },
  }
}

const copied = ({ json }: Pick<Result, 'json'>): ReadCopyReport | undefined =>
  (json as { read_copy?: ReadCopyReport }).read_copy

test('a reader holds the copy during ten syncs: none fails, and each new one sees the newest', async () => {
  await withCopy(async ({ simulator: { store }, config, file, copy }) => {
    const id = Number(store.all('customers')[0]?.id)
    await runSync(config)
    expect(statSync(copy).mode & 0o777).toBe(0o600)
    using holder = await reader(copy)
    const before = await holder.name(id)
    for (let round = 1; round <= 10; round++) {
      store.advance(60_000)
      store.edit('customers', id, { first_name: `Name ${round}` })
      const { code, report, text } = await runSync(config, ['customers'])
      expect(code, text).toBe(0)
      expect(report.read_copy).toMatchObject({ bytes: statSync(file).size, problem: null })
      using fresh = await reader(copy)
      expect(await fresh.name(id)).toBe(`Name ${round}`)
      expect(await holder.name(id)).toBe(before)
    }
    expect(readdirSync(dirname(copy))).toEqual([basename(copy)])
  })
})

test('who only reads opens the copy, and is not in the way of a run, nor a run in theirs', async () => {
  await withCopy(async ({ config, folder, copy, app }) => {
    await runSync(config)
    const terminal = { stdin: process.stdin, stdout: { isTTY: false } }
    const asked = { argument: 'select count(*) as n from customers', file: null, list: false, csv: false }
    const commands: readonly ((app: App) => Promise<Result>)[] = [
      of => status(of, select(of, null), null),
      of => query(of, asked, terminal, signal),
      of => streams(of, signal),
      of => reportPage(of, { out: join(folder, 'report.html'), months: { from: null, to: null } }),
      of => dbtSourcesFile(of, select(of, null), null),
    ]
    // As long as a run has the warehouse.
    await using _run = await app().open('write')
    for (const command of commands) expect((await command(app())).code).toBe(0)
    expect((await query(app(), asked, terminal, signal)).json).toEqual([{ n: 6 }])
    const { readCopy: _, ...without } = config.destination as Extract<typeof config.destination, { kind: 'duckdb' }>
    const blocked = createApp({ ...config, destination: without }, { level: 'silent' })
    await expect(query(blocked, asked, terminal, signal)).rejects.toMatchObject({ kind: 'held' })
    // Without a copy the warehouse itself is opened.
    rmSync(copy)
    await expect(query(app(), asked, terminal, signal)).rejects.toMatchObject({ kind: 'held' })
    writeFileSync(copy, 'no database at all'.repeat(100))
    await expect(query(app(), asked, terminal, signal)).rejects.toMatchObject({
      kind: 'not_a_database',
      next: `Delete ${copy}: the next run makes it again.`,
    })
  })
})

test('the run keeps its lock while and after it copies', async () => {
  await withCopy(async ({ config, folder, file, copy, app }) => {
    await runSync(config)
    writeConfig(folder, `recharge:\n  token: x\ndestination:\n  duckdb: ${file}\n`)
    await using run = await app().open('write')
    expect(await run.replaceReadCopy(signal)).toEqual({ bytes: statSync(copy).size })
    const other = await cli(folder, ['query', 'select 1'])
    expect(other.code, other.stderr).toBe(4)
  })
})

test('every other command that writes replaces the copy too', async () => {
  await withCopy(async ({ simulator: { store }, config, folder, copy, app }) => {
    await runSync(config)
    const csv = join(folder, 'charges.csv')
    const processed = store.all('charges').filter(({ processed_at }) => processed_at)
    writeFileSync(csv, chargesCsv(processed.slice(0, 1).map(charge => ({ ...charge, id: 7 }))))
    const [charges] = select(app(), ['charges']).streams
    if (!charges) throw new Error('there are no charges')
    const range = { window: { since: null, until: null }, newestFirst: false }
    const commands: Readonly<Record<string, (of: App) => Promise<Result>>> = {
      backfill: of => backfill(of, select(of, null), range, NO_PROGRESS, signal),
      replay: of => replay(of, select(of, null), signal),
      reconcile: of => reconcile(of, select(of, null), { sample: null, repair: true }, NO_PROGRESS, signal),
      views: of => views(of, signal),
      import: of => importFile(of, charges, csv, { dryRun: false, range: null }, signal),
      reset: of => reset(of, [charges], true, signal),
    }
    let file = statSync(copy).ino
    for (const [name, command] of Object.entries(commands)) {
      const result = await command(app())
      expect(copied(result), name).toMatchObject({ problem: null })
      expect(statSync(copy).ino, name).not.toBe(file)
      file = statSync(copy).ino
    }
    await using read = await app().openForReaders()
    expect(await read.query('select count(*) as n from recharge.charges where id = 7')).toEqual([{ n: '1' }])
    expect(await read.watermark('charges')).toBeNull()
  })
})

describe('a copy that cannot be made fails no run', () => {
  test('what is in the way is reported, with the next step', async () => {
    await withCopy(async ({ config, folder, copy }) => {
      mkdirSync(join(copy, 'in the way'), { recursive: true })
      const { code, report, text } = await runSync(config)
      expect([code, report.outcome]).toEqual([0, 'complete'])
      expect(report.read_copy).toMatchObject({ bytes: null, problem: { code: 'read_copy' } })
      expect(report.read_copy?.problem?.message).toContain(`${copy} was not replaced: `)
      expect(text).toMatch(/read copy: .* was not replaced: .*\n {2}Readers still get the old copy/)
      expect(readdirSync(dirname(copy))).toEqual([basename(copy)])
      const kept = JSON.parse(readFileSync(join(folder, 'state', 'runs', `${report.run}.json`), 'utf8'))
      expect(kept.read_copy).toEqual(report.read_copy)
    })
  })

  test('an interrupted one leaves the old copy; leftovers of killed ones are removed by the next', async () => {
    await withCopy(async ({ config, copy, app }) => {
      await runSync(config)
      const before = readFileSync(copy)
      const stopped = new AbortController()
      stopped.abort()
      const result = await replay(app(), select(app(), null), stopped.signal)
      expect([result.code, copied(result)?.problem?.code]).toEqual([0, 'interrupted'])
      expect(readFileSync(copy).equals(before)).toBe(true)
      const beside = (name: string): string => join(dirname(copy), name)
      writeFileSync(beside('read.duckdb.11111111-2222-3333-4444-555555555555.part'), 'half of a copy')
      writeFileSync(beside('read.duckdb.wal'), 'of somebody who opened the old copy to write')
      writeFileSync(beside('read.duckdb.notes.part'), 'of the user')
      expect((await runSync(config, ['customers'])).report.read_copy?.problem).toBeNull()
      expect(readdirSync(dirname(copy)).sort()).toEqual(['read.duckdb', 'read.duckdb.notes.part'])
      await using read = await app().openForReaders()
      expect((await read.runs(5)).length).toBeGreaterThan(1)
    })
  })
})

test('no copy is made where none is configured', async () => {
  await withCopy(async ({ config, folder, copy }) => {
    const { readCopy: _, ...destination } = config.destination as Extract<typeof config.destination, { kind: 'duckdb' }>
    const { report } = await runSync({ ...config, destination })
    expect(report).not.toHaveProperty('read_copy')
    expect([existsSync(copy), existsSync(dirname(copy))]).toEqual([false, false])
    expect(readdirSync(folder).sort()).toEqual(['state', 'warehouse.duckdb'])
  })
})
