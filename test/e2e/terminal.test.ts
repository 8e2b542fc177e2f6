import { dirname, join } from 'node:path'
import stringWidth from 'string-width'
import { expect, test } from 'vitest'
import { createApp, select } from '../../src/cli/app.ts'
import { check } from '../../src/cli/commands/check.ts'
import { plan } from '../../src/cli/commands/plan.ts'
import { query } from '../../src/cli/commands/query.ts'
import { reconcile } from '../../src/cli/commands/reconcile.ts'
import { status } from '../../src/cli/commands/status.ts'
import { streams } from '../../src/cli/commands/streams.ts'
import type { Look } from '../../src/cli/look.ts'
import { reportText } from '../../src/cli/report.ts'
import { NO_PROGRESS } from '../../src/pipeline/progress.ts'
import type { Simulator } from '../../src/simulator/server.ts'
import { CACHE, CLI, cli, writeConfig } from '../support/cli.ts'
import { withFolder } from '../support/destinations.ts'
import { NO_PTY, openTerminal } from '../support/pty.ts'
import { configFor, runSync, withSimulator } from '../support/run.ts'
import { see } from '../support/screen.ts'

const SCOPES = ['read_customers', 'read_orders', 'read_products']
/** Streams that a token with these scopes may read. `metafields` of two owners only. */
const READ = [
  'addresses',
  'charges',
  'collections',
  'customers',
  'metafields',
  'orders',
  'plans',
  'products',
  'webhooks',
]
const { signal } = new AbortController()

const configText = (url: string): string =>
  `recharge:\n  token: \${RECHARGE_ACCESS_TOKEN}\n  base_url: ${url}\n  rate: { bucket: 100000, per_second: 10000 }\ndestination:\n  duckdb: warehouse.duckdb\nviews: false\n`

const withStore = (work: (simulator: Simulator, folder: string) => Promise<void>): Promise<void> =>
  withSimulator({ scopes: SCOPES }, simulator =>
    withFolder(async folder => {
      writeConfig(folder, configText(simulator.url))
      await work(simulator, folder)
    }),
  )

/** Syncs in a terminal of so many columns. Charges are answered when `drawn` has been seen. */
async function syncIn(
  columns: number,
  env: Record<string, string>,
  whileRunning: (terminal: ReturnType<typeof openTerminal>) => Promise<void> = async () => {},
) {
  let output = ''
  await withStore(async (simulator, folder) => {
    const seen = Promise.withResolvers<void>()
    simulator.faults.before(({ path }) => (path === '/charges' ? seen.promise : undefined))
    const terminal = openTerminal([process.execPath, CLI, 'sync'], {
      columns,
      cwd: folder,
      env: { HOME: dirname(dirname(CACHE)), RECHARGE_ACCESS_TOKEN: simulator.token, ...env },
    })
    await terminal.until(text => /^.{0,30}charges: .*\r\n.*all: .*8 of 9 streams done/m.test(text))
    await whileRunning(terminal)
    seen.resolve()
    expect(await terminal.ended, terminal.output()).toBe(0)
    output = terminal.output()
  })
  return see(output, columns)
}

test.skipIf(NO_PTY !== null).each([
  [60, { NO_COLOR: '1' }],
  [200, {}],
])('a sync in a terminal of %i columns, %j: each line fits, and each stream has one', async (columns, env) => {
  const { lines, written, moments, colours, unknown } = await syncIn(columns, env)
  expect(unknown).toEqual([])
  expect(written.filter(line => stringWidth(line.text) > line.columns)).toEqual([])
  expect(colours.size > 0).toBe(!('NO_COLOR' in env))
  for (const stream of READ) {
    const own = lines.filter(line => line.startsWith(`${stream}: complete`))
    expect(own, stream).toHaveLength(1)
  }
  // While charges are waited for, its line and that of all streams stand below those of the others.
  const waiting = moments.find(screen => screen.some(line => line.includes(' 8 of 9 streams done')))
  expect(waiting?.slice(-3)).toEqual([
    expect.stringMatching(/^ {2}charges: /),
    expect.stringMatching(/^ {2}all: .*8 of 9 streams done/),
    '',
  ])
  // Nothing of what was drawn is left, and the result begins after an empty line.
  expect(lines.filter(line => /^ {2}(all|charges): /.test(line))).toEqual([])
  expect(lines.slice(READ.length, READ.length + 2)).toEqual(['', expect.stringMatching(/^stream +outcome +records/)])
  expect(lines.filter(line => /\[ \] read_subscriptions/.test(line))).toHaveLength(1)
})

test.skipIf(NO_PTY !== null)('a terminal that becomes narrower during a sync has whole lines afterwards', async () => {
  const { lines, written, unknown } = await syncIn(80, {}, async terminal => {
    terminal.resize(60)
    const drawn = (text: string): string => text.split('\u0007').at(-1) ?? ''
    await terminal.until(text => text.includes('\u0007') && /all: .*8 of 9/.test(drawn(text)))
  })
  expect(unknown).toEqual([])
  expect(written.filter(({ text, columns }) => columns === 60 && stringWidth(text) > 60)).toEqual([])
  expect(written.some(({ columns }) => columns === 80)).toBe(true)
  expect(lines.filter(line => /^ {2}(all|charges): /.test(line))).toEqual([])
})

test('every table and list fits 60, 80 and 200 columns, and says what is not due', async () => {
  await withSimulator({ scopes: SCOPES }, simulator =>
    withFolder(async folder => {
      const destination = { kind: 'duckdb', file: join(folder, 'a.duckdb'), schema: 'recharge' } as const
      const config = { ...configFor(simulator, destination, folder), refreshMs: () => 86_400_000 }
      const first = await runSync(config)
      const second = await runSync(config)
      // A stream that was not due is not shown as one without records.
      const [stream] = second.report.streams.filter(({ not_due_until: until }) => until !== null)
      expect(stream).toMatchObject({ outcome: 'complete', requests: 0 })
      const until = Date.parse(`${stream?.not_due_until?.slice(0, 23)}Z`)
      const minute = new Date(Math.ceil(until / 60_000) * 60_000).toISOString().slice(0, 16)
      for (const width of [60, 80, 200]) {
        const look: Look = { width, isTerminal: true, paint: (_, text) => text }
        const app = createApp(config, { level: 'silent', look, now: () => simulator.store.now().getTime() })
        const every = select(app, null)
        const list = (argument: string | null) => ({ argument, file: null, list: true, csv: false })
        const texts = {
          first: reportText(first.report, look, app.streams),
          second: reportText(second.report, look, app.streams),
          check: (await check(app, every, signal)).text,
          plan: (await plan(app, every, signal)).text,
          status: (await status(app, every, 0)).text,
          streams: (await streams(app, signal)).text,
          reconcile: (await reconcile(app, every, { sample: null, repair: false }, NO_PROGRESS, signal)).text,
          list: (await query(app, list(null), process, signal)).text,
          columns: (await query(app, list('charges'), process, signal)).text,
        }
        for (const [name, text] of Object.entries(texts)) {
          // A path has no place at which it could be broken.
          const tooLong = text.split('\n').filter(line => stringWidth(line) > width && !line.includes(folder))
          expect(tooLong, `${name} in ${width} columns`).toEqual([])
        }
        for (const text of [texts.second, texts.status])
          expect(text.replaceAll('\n', ' ')).toContain(`Not due until ${minute}:00Z: collections, metafields, products`)
        expect(texts.status).toMatch(/collections .*not due/)
        expect(texts.second).not.toMatch(/^collections /m)
      }
    }),
  )
})

test('K9: a pipe gets each thing once and in one form, and a log of warnings is silent if all is well', async () => {
  await withStore(async (simulator, folder) => {
    const environment = { RECHARGE_ACCESS_TOKEN: simulator.token }
    const text = await cli(folder, ['sync'], environment)
    const told = text.stderr.trimEnd().split('\n')
    expect(told.filter(line => !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (info|warn) {2}[a-z_]+: /.test(line))).toEqual([])
    for (const stream of READ) expect(told.filter(line => line.includes(` ${stream}: complete`))).toHaveLength(1)
    // The report lists the scopes that are missing.
    expect(told.filter(line => line.includes('lacks') && !line.includes(' metafields: '))).toEqual([])
    expect(text.stdout.match(/\[ \] read_subscriptions/g)).toHaveLength(1)
    expect(text.stdout.split('\n').filter(line => line.length > 80 && /^\S+ {2}/.test(line))).toEqual([])

    const json = await cli(folder, ['sync', '--log-format', 'json', '--streams', 'customers'], environment)
    const events = json.stderr
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line))
    expect(events.map(({ event, stream = null }) => [event, stream])).toEqual([
      ['token', null],
      ['stream', 'customers'],
    ])

    const quiet = await cli(folder, ['sync', '--log-level', 'warn', '--exclude', 'metafields'], environment)
    expect([quiet.code, quiet.stderr]).toEqual([0, ''])
    expect(quiet.stdout).toMatch(/Not due until .*: collections, products, webhooks/)

    simulator.faults.add({ kind: 'status', status: 422, body: { errors: 'no' }, match: '/customers', times: 9 })
    const failed = await cli(folder, ['sync', '--log-level', 'warn', '--streams', 'customers,orders'], environment)
    expect(failed.code).toBe(1)
    expect(failed.stderr).toMatch(/^\S+Z error customers: failed .*422.*\n$/)

    const coloured = await cli(folder, ['status'], { ...environment, FORCE_COLOR: '1' })
    expect(coloured.stdout).toContain('\u001b[')
  })
})

test('what only reads declarations or the warehouse needs no token, and `streams` neither file nor network', async () => {
  await withFolder(async folder => {
    const bare = await cli(folder, ['streams', '--json'])
    expect([bare.code, bare.stderr]).toEqual([0, ''])
    const { streams: all } = JSON.parse(bare.stdout)
    expect(all.find((s: { stream: string }) => s.stream === 'charges')).toMatchObject({
      scope: 'read_orders or read_charges',
      granted: null,
      mode: 'incremental',
      rows: null,
      complete_to: null,
    })
    const named = await cli(folder, ['streams', '--config', 'other.yaml'])
    expect([named.code, named.stderr]).toEqual([2, expect.stringContaining('other.yaml')])
  })
  await withStore(async (simulator, folder) => {
    await cli(folder, ['sync', '--streams', 'customers'], { RECHARGE_ACCESS_TOKEN: simulator.token })
    const asked = simulator.requests.length
    const listed = await cli(folder, ['streams', '--json'])
    expect(JSON.parse(listed.stdout).streams.find((s: { stream: string }) => s.stream === 'customers').rows).toBe(
      simulator.store.count('customers'),
    )
    for (const args of [['status', '--streams', 'customers'], ['views'], ['report'], ['dbt-sources']]) {
      const exited = await cli(folder, args)
      expect([args[0], exited.code, exited.stderr]).toEqual([args[0], 0, ''])
    }
    expect(simulator.requests.length).toBe(asked)
    // Recharge cannot be reached: the list is there, and says what it does not know.
    writeConfig(folder, configText('http://127.0.0.1:9'))
    const offline = await cli(folder, ['streams'], { RECHARGE_ACCESS_TOKEN: simulator.token })
    expect([offline.code, offline.stdout]).toEqual([
      0,
      expect.stringContaining('Whether the token may read them is not known'),
    ])
  })
})
