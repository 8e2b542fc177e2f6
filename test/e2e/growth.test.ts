import { chmodSync, existsSync, readdirSync, statSync, watch, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createApp, STREAMS, select } from '../../src/cli/app.ts'
import { status } from '../../src/cli/commands/status.ts'
import type { Config } from '../../src/cli/config/load.ts'
import { thisProcess } from '../../src/common/process-identity.ts'
import { cli, writeConfig } from '../support/cli.ts'
import { type DestinationConfig, drawDestination, withFolder } from '../support/destinations.ts'
import { dump, withQuery } from '../support/dump.ts'
import { rounds } from '../support/rounds.ts'
import { clockFor, configFor, makeStore, runReconcile, runSync, withSimulator } from '../support/run.ts'

const HOUR = 3_600_000
/** Hourly runs, and for how many of them their reports are kept. */
const { runs: RUNS, kept: KEPT } = rounds({ runs: 24, kept: 8 }, { runs: 1000, kept: 240 })

/** The name of a run of long ago. */
const oldRun = (n: number): string => `00${n}ZZZZZZZ0000000000000000`

const namesIn = (folder: string): string[] => readdirSync(folder).sort()
const bytesIn = (folder: string): number =>
  namesIn(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)

describe.each(drawDestination())('$name', place => {
  test(`${RUNS} hourly runs over an unchanged store leave bounded reports, rows and file`, async () => {
    const store = makeStore({ customers: 10, months: 2 })
    // The clock of the runs follows that of the store from here on.
    store.advance(Date.now() - store.now().getTime())
    await withSimulator({ store }, simulator =>
      place.with(destination =>
        withFolder(async folder => {
          const config: Config = {
            ...configFor(simulator, destination, folder),
            refreshMs: () => 24 * HOUR,
            retentionMs: KEPT * HOUR,
          }
          const reports = join(folder, 'state', 'runs')
          const sql = (question: string) => withQuery(destination, query => query(question))
          const rows = async (): Promise<string[]> =>
            (await sql('select run from recharge._sync_runs order by run')).map(({ run }) => String(run))
          /** Bytes of the warehouse. */
          const size = async (): Promise<number> => {
            if (destination.kind === 'duckdb') return statSync(destination.file).size
            const [found] = await sql(
              `select sum(pg_total_relation_size(oid)) as n from pg_class where relkind = 'r' and relnamespace = 'recharge'::regnamespace`,
            )
            return Number(found?.n)
          }

          const whole = await runSync(config, ['customers', 'webhooks', 'orders'])
          store.advance(HOUR)
          const older = await runReconcile(config, ['orders'])
          store.advance(HOUR)
          const newer = await runReconcile(config, ['orders'])
          store.advance(HOUR)
          const counted = await runReconcile(config, ['orders'], { sample: 0 })
          // As of a comparison that met a record without a key.
          await sql(
            `delete from recharge._sync_reconciliations where method = 'records' and run = '${counted.document.run}'`,
          )
          simulator.faults.add({ kind: 'status', status: 422, match: '/orders', times: 100 })
          const failing = await runSync(config, ['orders'])
          expect([whole.code, older.code, newer.code, counted.code, failing.code]).toEqual([0, 0, 0, 0, 1])
          simulator.faults.clear()

          let full = 0
          for (let i = 0; i < RUNS; i++) {
            // A day of runs takes a second here, and the server cleans up once a minute by itself.
            if (destination.kind === 'postgres' && i % 24 === 0) await sql('vacuum')
            store.advance(HOUR)
            const ran = await runSync(config, ['customers', 'webhooks'])
            expect(ran.code, ran.text).toBe(0)
            if (i === KEPT) full = await size()
          }
          // Of orders, the last run and the last that was complete; of the others, those of the time that is kept.
          const needed = [`${whole.report.run}`, `${failing.report.run}`]
          for (const found of [await rows(), namesIn(reports).map(name => name.replace('.json', ''))]) {
            expect(found.slice(0, 2)).toEqual(needed)
            expect(found.length).toBeGreaterThanOrEqual(KEPT)
            expect(found.length).toBeLessThanOrEqual(KEPT + 3)
          }
          expect(bytesIn(reports)).toBeLessThan((KEPT + 3) * 8 * 1024)
          const end = await size()
          expect(end).toBeLessThanOrEqual(1.5 * full)
          // The newest comparison, and the newest of all records.
          const compared = await sql('select distinct run from recharge._sync_reconciliations order by run')
          expect(compared.map(({ run }) => run)).toEqual([newer.document.run, counted.document.run])
          const checkpoints = await sql('select count(*) as n from recharge._sync_checkpoints')
          expect(Number(checkpoints[0]?.n)).toBeLessThanOrEqual(4)
          console.log(
            `${RUNS} runs, ${KEPT} kept: ${(await rows()).length} rows, ${namesIn(reports).length} reports of ${bytesIn(reports)} bytes, the warehouse has ${full} bytes after ${KEPT} runs and ${end} at the end`,
          )

          // What `status` needs to say of orders is there.
          const app = createApp(config, { level: 'silent', now: clockFor(config) })
          const stated = (await status(app, select(app, ['orders', 'customers']), null)).json as {
            streams: { stream: string; failed: { run: string } | null; outcome: string }[]
          }
          expect(stated.streams.map(({ outcome, failed }) => [outcome, failed?.run])).toEqual([
            ['complete', undefined],
            ['failed', failing.report.run],
          ])
        }),
      ),
    )
  })
})

test('of old reports those stay that a run at work has written, and that nobody can read', async () => {
  await withSimulator({ store: makeStore({ customers: 5, months: 1 }) }, simulator =>
    withFolder(async folder => {
      const destination: DestinationConfig = { kind: 'duckdb', file: join(folder, 'w.duckdb'), schema: 'recharge' }
      const config = configFor(simulator, destination, folder)
      const reports = join(folder, 'state', 'runs')
      const ran = await runSync(config, ['customers'])
      const begun = (n: number, more: object) => {
        const run = oldRun(n)
        const started = { run, started_at: '2001-01-01T00:00:00.000000Z', version: '0' }
        const running = {
          ...started,
          finished_at: null,
          outcome: 'running',
          streams: [],
          problem: null,
          selected: ['customers'],
        }
        writeFileSync(join(reports, `${run}.json`), JSON.stringify({ ...running, ...more }))
      }
      const dead = { ...thisProcess(), started: '1' }
      begun(0, { destination: 'duckdb elsewhere recharge', process: thisProcess() })
      begun(1, { destination: 'duckdb elsewhere recharge', process: dead })
      // This run had the lock, so that one is not at work, wherever its process is.
      begun(2, { destination: `duckdb ${destination.file} recharge`, process: { ...dead, host: 'another machine' } })
      writeFileSync(join(reports, `${oldRun(3)}.json`), 'not a report')
      writeFileSync(join(reports, `${oldRun(4)}.json.part`), '{')
      writeFileSync(join(reports, 'notes.txt'), 'of a person')
      const last = await runSync(config, ['customers'])
      const left = [`${oldRun(0)}.json`, `${oldRun(3)}.json`, 'notes.txt']
      expect(namesIn(reports)).toEqual([...left, `${ran.report.run}.json`, `${last.report.run}.json`].sort())

      // A job that never reaches its warehouse does not leave files without end either.
      begun(5, {
        finished_at: '2001-01-01T00:00:01.000000Z',
        outcome: 'failed',
        problem: { code: 'x', message: 'x', next: 'x' },
      })
      await runSync({ ...config, recharge: { ...config.recharge, token: 'sk_1x1_revoked' } }, ['customers'])
      expect(namesIn(reports)).not.toContain(`${oldRun(5)}.json`)
    }),
  )
})

test('a DuckDB file of which most is free is replaced by a copy, whole or not at all', async () => {
  const streams = ['customers', 'orders']
  const declared = STREAMS.filter(({ name }) => streams.includes(name))
  await withSimulator({ store: makeStore({ customers: 10, months: 2 }) }, simulator =>
    withFolder(async folder => {
      const destination = { kind: 'duckdb', file: join(folder, 'w.duckdb'), schema: 'recharge' } as const
      const config = configFor(simulator, destination, folder)
      writeConfig(
        folder,
        `recharge:\n  token: ${simulator.token}\n  base_url: ${simulator.url}\n  rate: { bucket: 100000, per_second: 10000 }\ndestination:\n  duckdb: w.duckdb\nhistory: []\nviews: false\nsensitive: keep\nstreams: [customers, orders]\n`,
      )
      const sql = (...statements: readonly string[]) =>
        withQuery(destination, async query => {
          for (const statement of statements) await query(statement)
        })
      const everything = async () => ({
        recharge: await dump(destination, declared),
        mine: await withQuery(destination, async query => ({
          tables: await query('select schema_name, table_name, sql, comment from duckdb_tables() order by all'),
          views: await query('select view_name, sql, comment from duckdb_views() where not internal order by all'),
          columns: await query(
            'select schema_name, table_name, column_name, comment from duckdb_columns() where not internal and comment is not null order by all',
          ),
          indexes: await query('select index_name, sql from duckdb_indexes()'),
          notes: await query('select count(*), min(note), max(note), sum(id) from mine.notes'),
          answers: await query('select * from mine.answers'),
        })),
      })
      const files = () => namesIn(folder).filter(name => name.startsWith('w.duckdb'))

      expect((await runSync(config, streams)).code).toBe(0)
      await sql(
        'create schema mine',
        'create table mine.notes as select range as id, md5(range::text) as note from range(200000)',
        `comment on table mine.notes is 'it''s mine'; comment on column mine.notes.id is 'its key'`,
        'create index by_id on mine.notes (id)',
        'create view mine.selected as select * from mine.notes where id = 42',
        'create view mine.answers as select note from mine.selected',
        `comment on view mine.answers is 'one'`,
        'create table mine.parent (id int primary key)',
        'create table mine.child (id int references mine.parent (id))',
        'create table mine.junk as select hash(range) as a, hash(range + 1e9) as b, hash(range + 2e9) as c, hash(range + 3e9) as d from range(1200000)',
        'checkpoint; drop table mine.junk; checkpoint',
      )
      const { ino, size } = statSync(destination.file)
      chmodSync(destination.file, 0o640)

      // DuckDB could not copy all of it.
      const refused = await cli(folder, ['sync', '--no-progress', '--log-format', 'json'])
      expect(refused.code, refused.stderr).toBe(0)
      const [line] = refused.stderr.split('\n').filter(text => text.includes('not_compacted'))
      expect(JSON.parse(line ?? '{}')).toMatchObject({
        message: expect.stringContaining('mine.child has a foreign key'),
        next: 'Drop the foreign key of mine.child.',
      })
      expect([statSync(destination.file).ino, files()]).toEqual([ino, ['w.duckdb']])
      await sql('drop table mine.child')
      const before = await everything()

      // The run dies while it copies.
      const part = `${destination.file}.compact`
      const killed = await cli(folder, ['sync', '--no-progress'], {}, child => {
        const watching = watch(folder, (_event, name) => {
          if (name !== basename(part)) return
          child.kill('SIGKILL')
          watching.close()
        })
      })
      expect([killed.signal, existsSync(part)], killed.stderr).toEqual(['SIGKILL', true])
      expect(statSync(destination.file).ino).toBe(ino)
      expect(await everything()).toEqual(before)

      expect((await runSync(config, streams)).code).toBe(0)
      const after = statSync(destination.file)
      expect(after.size).toBeLessThan(size / 2)
      expect([(after.mode & 0o777).toString(8), files()]).toEqual(['640', ['w.duckdb']])
      expect(await everything()).toEqual(before)
      // The next run finds its checkpoints, and nothing to copy.
      const next = await runSync(config, streams)
      expect([next.code, next.of('orders').added, statSync(destination.file).ino]).toEqual([0, 0, after.ino])
    }),
  )
})
