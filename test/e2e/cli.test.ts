import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createApp } from '../../src/cli/app.ts'
import { demoConfig } from '../../src/cli/config/demo.ts'
import { NO_BROWSER } from '../support/browser.ts'
import { CLI, cli, writeConfig } from '../support/cli.ts'
import { DESTINATIONS, withFolder } from '../support/destinations.ts'
import { auditPage } from '../support/page-audit.ts'
import { withSimulator } from '../support/run.ts'

const FAST = 'rate: { bucket: 100000, per_second: 10000 }'

const config = (url: string, destination = 'duckdb: state/warehouse.duckdb', more = ''): string => `
recharge:
  token: \${RECHARGE_ACCESS_TOKEN}
  base_url: ${url}
  ${FAST}
destination:
  ${destination}
${more}`

test('a token with three scopes: its streams are synced, the others are skipped with the missing scope, exit 0', async () => {
  await withSimulator({ scopes: ['read_customers', 'read_orders', 'read_products'] }, simulator =>
    withFolder(async folder => {
      writeConfig(folder, config(simulator.url))
      const exited = await cli(folder, ['sync', '--json'], { RECHARGE_ACCESS_TOKEN: simulator.token })
      expect(exited.stderr).not.toContain('This is a bug')
      expect(exited.code).toBe(0)
      const report = JSON.parse(exited.stdout)
      const by = Object.fromEntries(report.streams.map((s: { stream: string }) => [s.stream, s]))
      for (const name of ['customers', 'addresses', 'orders', 'charges', 'plans', 'collections', 'webhooks'])
        expect(by[name].outcome, name).toBe('complete')
      expect(by.subscriptions).toMatchObject({ outcome: 'skipped', problem: { code: 'missing_scope' } })
      expect(by.subscriptions.problem.message).toContain('read_subscriptions')
      expect(by.store.problem.message).toContain('store_info or read_store')
      // Metafields are read for the owners that the token may read; no request was refused.
      expect(by.metafields.outcome).toBe('complete')
      expect(simulator.requests.filter(request => request.status === 403)).toEqual([])
      expect(readdirSync(join(folder, 'state', 'runs'))).toEqual([`${report.run}.json`])
      expect(JSON.parse(readFileSync(join(folder, 'state', 'runs', `${report.run}.json`), 'utf8'))).toEqual(report)
    }),
  )
})

test('the configuration in the repository syncs without changes', async () => {
  await withSimulator({}, simulator =>
    withFolder(async folder => {
      const shipped = readFileSync(new URL('../../sync.config.yaml', import.meta.url), 'utf8')
      writeConfig(folder, shipped.replace('recharge:\n', `recharge:\n  base_url: ${simulator.url}\n`))
      const exited = await cli(folder, ['sync', '--streams', 'customers'], { RECHARGE_ACCESS_TOKEN: simulator.token })
      expect(exited.stderr).not.toContain('This is a bug')
      expect(exited.code).toBe(0)
      expect(existsSync(join(folder, 'state', 'warehouse.duckdb'))).toBe(true)
    }),
  )
})

test('a stream that was selected by name and may not be read: exit 1', async () => {
  await withSimulator({ scopes: ['read_customers'] }, simulator =>
    withFolder(async folder => {
      writeConfig(folder, config(simulator.url))
      const args = ['sync', '--streams', 'customers,orders', '--json']
      const exited = await cli(folder, args, { RECHARGE_ACCESS_TOKEN: simulator.token })
      expect(exited.code).toBe(1)
      const report = JSON.parse(exited.stdout)
      // Scope names differ between the reference and live tokens, so a stream that is selected by name is tried: the 403 decides.
      expect(
        report.streams.map((s: { outcome: string; problem: { code: string } | null }) => [s.outcome, s.problem?.code]),
      ).toEqual([
        ['complete', undefined],
        ['skipped', 'forbidden'],
      ])
    }),
  )
})

test.each(['sync', 'check', 'plan', 'streams'])(
  'I9: %s with a wrong token exits 3, and no output or file contains the token',
  async command => {
    await withSimulator({}, simulator =>
      withFolder(async folder => {
        writeConfig(folder, config(simulator.url))
        const token = 'sk_1x1_wrong_and_secret_0123456789'
        const exited = await cli(folder, [command, '--log-level', 'trace'], { RECHARGE_ACCESS_TOKEN: token })
        expect(exited.code).toBe(3)
        expect(exited.stdout + exited.stderr).toContain('bad authentication')
        expect(exited.stdout + exited.stderr).not.toContain(token)
        for (const file of filesBelow(folder)) expect(readFileSync(file, 'latin1'), file).not.toContain(token)
      }),
    )
  },
)

test('a typo, a wrong type and a missing variable are reported with path and line: exit 2, no request', async () => {
  await withSimulator({}, simulator =>
    withFolder(async folder => {
      writeConfig(
        folder,
        `recharge:
  token: \${RECHARGE_ACCESS_TOKEN}
  base_url: ${simulator.url}
  concurency: 4
  overlap: 5
destination:
  duckdb: state/warehouse.duckdb
`,
      )
      const exited = await cli(folder, ['sync'])
      expect(exited.code).toBe(2)
      expect(exited.stdout).toBe('')
      expect(exited.stderr).toMatch(/recharge\.token \(line 2\): .*RECHARGE_ACCESS_TOKEN/)
      expect(exited.stderr).toMatch(/recharge\.concurency \(line 4\): unknown; did you mean concurrency\?/)
      expect(exited.stderr).toMatch(/recharge\.overlap \(line 5\): /)
      expect(simulator.requests).toEqual([])
      expect(existsSync(join(folder, 'state'))).toBe(false)
    }),
  )
})

test.each([
  [['frobnicate'], 2],
  [['sync', '--nonsense'], 2],
  [['sync', '--streams', 'chargse'], 2],
  [['status', '--max-age', 'soon'], 2],
  [['reset', 'charges'], 2],
  [['--help'], 0],
  [['sync', '--help'], 0],
])('%j exits %i', async (args, code) => {
  await withFolder(async folder => {
    writeConfig(folder, config('http://127.0.0.1:9'))
    const exited = await cli(folder, args, { RECHARGE_ACCESS_TOKEN: 'sk_test_0123456789' })
    expect(exited.stderr + exited.stdout).not.toContain('This is a bug')
    expect(exited.code).toBe(code)
    expect(exited.stderr + exited.stdout).not.toBe('')
  })
})

test('a destination that cannot be reached: exit 3, and the password is not shown', async () => {
  await withSimulator({}, simulator =>
    withFolder(async folder => {
      writeConfig(folder, config(simulator.url, 'postgres: postgres://who:hunter2hunter2@127.0.0.1:9/nowhere'))
      const exited = await cli(folder, ['sync', '--json'], { RECHARGE_ACCESS_TOKEN: simulator.token })
      expect(exited.code).toBe(3)
      expect(JSON.parse(exited.stdout).problem.code).toBe('connection_refused')
      expect(exited.stdout + exited.stderr).not.toContain('hunter2hunter2')
    }),
  )
})

test.each(DESTINATIONS)('I7: while a run writes to $name, a second run exits 4 and names the first', async place => {
  await withSimulator({}, simulator =>
    place.with(destination =>
      withFolder(async folder => {
        const where = destination.kind === 'duckdb' ? `duckdb: ${destination.file}` : `postgres: ${destination.url}`
        writeConfig(folder, config(simulator.url, where))
        const environment = { RECHARGE_ACCESS_TOKEN: simulator.token }
        const blocked = Promise.withResolvers<void>()
        const reached = Promise.withResolvers<void>()
        simulator.faults.before(async request => {
          if (request.path !== '/charges') return
          reached.resolve()
          await blocked.promise
        })
        let pid = 0
        const first = cli(folder, ['sync', '--json', '--streams', 'customers,charges'], environment, child => {
          pid = child.pid ?? 0
        })
        await reached.promise
        const second = await cli(folder, ['sync', '--json', '--streams', 'orders'], environment)
        blocked.resolve()
        expect(second.code).toBe(4)
        const { problem } = JSON.parse(second.stdout)
        expect(problem.code).toBe('held')
        expect(problem.message).toContain(String(pid))
        expect((await first).code).toBe(0)
      }),
    ),
  )
})

test('check, streams, plan and status report what they find and write nothing', async () => {
  await withSimulator({ scopes: ['read_customers', 'write_customers'] }, simulator =>
    withFolder(async folder => {
      writeConfig(folder, config(simulator.url))
      const environment = { RECHARGE_ACCESS_TOKEN: ` ${simulator.token}\n` }
      const check = await cli(folder, ['check'], environment)
      expect(check.code).toBe(0)
      expect(check.stdout).toMatch(
        /warning +scope: \d+ streams are skipped, or read in part, because the token lacks a scope/,
      )
      expect(check.stdout).toMatch(/\[ \] read_orders +charges, orders, metafields \(in part\)\n/)
      expect(check.stdout).toMatch(/warning +scope: the token may change the store: write_customers/)
      const streams = JSON.parse((await cli(folder, ['streams', '--json'], environment)).stdout)
      expect(streams.streams.find((s: { stream: string }) => s.stream === 'charges')).toMatchObject({
        granted: false,
        missing: ['read_orders or read_charges'],
        rows: null,
        complete_to: null,
      })
      const plan = JSON.parse((await cli(folder, ['plan', '--json'], environment)).stdout)
      expect(plan.streams.find((s: { stream: string }) => s.stream === 'customers').records).toBe(
        simulator.store.all('customers').length,
      )
      expect(plan.ddl.join('\n')).toContain('create table "recharge"."customers"')
      const status = await cli(folder, ['status', '--max-age', '1h', '--streams', 'customers'], environment)
      expect(status.code).toBe(1)
      expect(status.stdout).toContain('Too old: customers')
      expect(existsSync(join(folder, 'state'))).toBe(false)
    }),
  )
})

test('reset forgets how far a stream is, and keeps its rows', async () => {
  await withSimulator({}, simulator =>
    withFolder(async folder => {
      writeConfig(folder, config(simulator.url))
      const environment = { RECHARGE_ACCESS_TOKEN: simulator.token }
      await cli(folder, ['sync', '--streams', 'charges'], environment)
      const charges = async () =>
        JSON.parse((await cli(folder, ['status', '--json', '--streams', 'charges'], environment)).stdout).streams[0]
      const before = await charges()
      expect(before.rows).toBeGreaterThan(0)
      expect(before.complete_to).not.toBeNull()
      expect((await cli(folder, ['reset', 'charges', '--i-know'], environment)).code).toBe(0)
      expect(await charges()).toMatchObject({ rows: before.rows, complete_to: null })
    }),
  )
})

test('demo loads every stream, and ends with figures and the query behind one of them', async () => {
  await withFolder(async folder => {
    const exited = await cli(folder, ['demo', '--json', '--no-progress'])
    expect(exited.stderr).toBe('')
    expect(exited.code).toBe(0)
    const { tables, figures, question, page, file } = JSON.parse(exited.stdout)
    for (const { stream, rows } of tables) expect(rows, stream).toBeGreaterThan(0)
    expect(figures.map(({ name }: { name: string }) => name)).toEqual([
      'MRR now',
      'Active subscribers',
      'Revenue of the last full month',
    ])
    const [mrr, subscribers, revenue] = figures
    for (const { values } of [mrr, revenue]) {
      expect(values.map(({ currency }: { currency: string }) => currency)).toEqual(['USD', 'CAD'])
      for (const { value } of values) expect(Number(value)).toBeGreaterThan(1000)
    }
    expect(Number(subscribers.values[0].value)).toBeGreaterThan(250)
    // The page of the report: small, made in seconds, and readable in a browser where there is one.
    expect(page).toBe(join(folder, 'state', 'report.html'))
    expect(statSync(page).size).toBeLessThan(300_000)
    const before = process.cpuUsage()
    const { reportPage } = await import('../../src/cli/commands/report-page.ts')
    const app = createApp(demoConfig('http://127.0.0.1:9', 'none', file), { level: 'silent', runsDirectory: null })
    const again = await reportPage(app, { out: join(folder, 'again.html'), months: { from: null, to: null } })
    const { user, system } = process.cpuUsage(before)
    expect((user + system) / 1e6, 'seconds of CPU').toBeLessThan(5)
    expect(again.json).toMatchObject({ currencies: ['USD', 'CAD'], missing: [] })
    if (NO_BROWSER === null) expect(await auditPage(page)).toEqual([])
    // As it is printed, in a shell.
    const copied = question.replace('npm run -s cli --', `"${process.execPath}" "${CLI}"`)
    const pasted = spawnSync('sh', ['-c', `${copied} --csv`], { cwd: folder, encoding: 'utf8' })
    expect([pasted.status, pasted.stderr]).toEqual([0, ''])
    const rows = mrr.values.map((each: { value: string; currency: string }) => `${each.value},${each.currency}\n`)
    expect(pasted.stdout).toBe(`mrr,currency\n${rows.join('')}`)
    // Other commands work on it too. Nothing of the made-up year is missing or doubted.
    const status = await cli(folder, ['status', '--config', 'state/demo.config.yaml', '--json'])
    expect(status.code, status.stdout).toBe(0)
    const { streams } = JSON.parse(status.stdout)
    for (const { stream, gaps, missing, problem, deleted } of streams) {
      expect([stream, gaps, missing, problem]).toEqual([stream, [], null, null])
      if (['charges', 'subscriptions', 'customers'].includes(stream)) expect(deleted, stream).toBeGreaterThan(0)
    }
    const overdue = `select count(*) as n from charges cross join as_of where status = 'queued' and scheduled_at < as_of_on`
    const asked = await cli(folder, ['query', '--config', 'state/demo.config.yaml', '--json', overdue])
    expect(JSON.parse(asked.stdout)).toEqual([{ n: 0 }])
  })
})

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
}

test('a command keeps compiled code in the home of the user, and runs without a home too', async () => {
  await withFolder(async folder => {
    expect((await cli(folder, ['--help'], { HOME: folder })).code).toBe(0)
    expect(readdirSync(join(folder, '.cache', 'recharge-sync'))).not.toEqual([])
    const exited = await cli(folder, ['--help'], { HOME: '/dev/null' })
    expect(exited.code).toBe(0)
    expect(exited.stderr).toBe('')
  })
})
