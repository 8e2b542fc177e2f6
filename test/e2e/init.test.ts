import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { completeAnswers, type InitFlags, knownAnswers } from '../../src/cli/config/init/answers.ts'
import { crontabLine, scheduleOf } from '../../src/cli/config/init/schedule.ts'
import { configText } from '../../src/cli/config/init/settings.ts'
import { ConfigError } from '../../src/common/errors.ts'
import { makeFolder } from '../../src/common/make-folder.ts'
import type { Simulator } from '../../src/simulator/server.ts'
import { atTerminal, KEYS, NO_PTY } from '../support/at-terminal.ts'
import { cli } from '../support/cli.ts'
import { withDatabase, withFolder } from '../support/destinations.ts'
import { runProgram } from '../support/program.ts'
import { makeStore, withSimulator } from '../support/run.ts'

const store = () => makeStore({ customers: 5, months: 1 })
const withStore = (work: (simulator: Simulator, folder: string) => Promise<void>): Promise<void> =>
  withSimulator({ store: store(), scopes: ['read_customers', 'store_info'] }, simulator =>
    withFolder(folder => work(simulator, folder)),
  )

/** What a user has set before, but for the token. */
const at = ({ url }: Simulator) => ({ RECHARGE_SYNC_BASE_URL: url })
const modeOf = (file: string): string => (statSync(file).mode & 0o777).toString(8)
const FILES = ['sync.config.yaml', 'sync.env']

test('by flags: tries token and destination, writes what only this user may read, and a sync follows', () =>
  withStore(async (simulator, folder) => {
    execFileSync('git', ['init', '-q', folder])
    writeFileSync(join(folder, '.gitignore'), 'node_modules')
    const given = { ...at(simulator), SHOP_TOKEN: simulator.token }
    const args = [
      'init',
      '--token-env',
      'SHOP_TOKEN',
      '--duckdb',
      'data/shop-1.duckdb',
      '--schema',
      'shop',
      '--schedule',
      'cron',
    ]
    const made = await cli(folder, [...args, '--json'], given)
    expect([made.code, made.stderr]).toEqual([0, ''])
    const { files, ignored, streams, check, plan, schedule } = JSON.parse(made.stdout)
    expect(files.map(({ file }: { file: string }) => file)).toEqual(['sync.env', 'sync.config.yaml'])
    expect(streams.readable).toEqual(expect.arrayContaining(['customers', 'store']))
    expect(streams.missing).toContain('orders')
    expect(check.findings.filter(({ state }: { state: string }) => state === 'problem')).toEqual([])
    expect(plan.requests).toBeGreaterThan(2)
    for (const file of FILES) expect([file, modeOf(join(folder, file))]).toEqual([file, '600'])
    // The token is in one file alone, and in nothing that was printed.
    expect(readFileSync(join(folder, 'sync.env'), 'utf8')).toContain(`\nRECHARGE_ACCESS_TOKEN=${simulator.token}\n`)
    expect(readFileSync(join(folder, 'sync.config.yaml'), 'utf8')).not.toContain(simulator.token)
    expect(made.stdout).not.toContain(simulator.token)
    expect(ignored).toEqual(['sync.env', 'state/', 'report.html', 'data/shop-1.duckdb*'])
    expect(readFileSync(join(folder, '.gitignore'), 'utf8')).toBe(`node_modules\n${ignored.join('\n')}\n`)
    // Asked for again, it is printed again, and no file is touched.
    const written = readFileSync(join(folder, 'sync.config.yaml'), 'utf8')
    const again = await cli(folder, ['init', '--schedule', 'cron', '--json'], {})
    expect([again.code, JSON.parse(again.stdout)]).toEqual([0, { files: [], schedule }])
    expect(readFileSync(join(folder, 'sync.config.yaml'), 'utf8')).toBe(written)
    // cron gives a command to sh, with a small environment, and turns \% into %.
    const line: string = schedule.text
    expect(line).not.toMatch(/(?<!\\)%|\n/)
    const command = line.split(' ').slice(5).join(' ').replaceAll('\\%', '%')
    const ran = await runByCron(command)
    expect(ran).toEqual({ code: 0, mail: '' })
    expect(existsSync(join(folder, 'data', 'shop-1.duckdb'))).toBe(true)
    const counted = await cli(folder, ['query', '--json', 'select count(*) as n from shop.customers'])
    expect(JSON.parse(counted.stdout)).toEqual([{ n: simulator.store.count('customers') }])
    // What goes wrong is printed, so that cron mails it.
    writeFileSync(join(folder, 'sync.env'), 'RECHARGE_ACCESS_TOKEN=sk_1x1_revoked\n')
    const failed = await runByCron(command)
    expect(failed.code).not.toBe(0)
    expect(failed.mail).toContain('Check the token in the merchant portal')
    expect(failed.mail).not.toContain('sk_1x1_revoked')
  }))

/** As cron does: in another folder, with hardly any environment. What is printed would be mailed. */
async function runByCron(command: string): Promise<{ code: number | null; mail: string }> {
  const { code, stdout, stderr } = await runProgram('/', '/bin/sh', ['-c', command], {
    HOME: '/',
    PATH: '/usr/bin:/bin',
  })
  return { code, mail: stdout + stderr }
}

test('Postgres, with its address from the environment, and a token that stays in its file', () =>
  withStore((simulator, folder) =>
    withDatabase(async url => {
      writeFileSync(join(folder, 'token'), `${simulator.token}\n`, { mode: 0o600 })
      const given = { ...at(simulator), DATABASE_URL: url }
      const args = [
        'init',
        '--token-file',
        'token',
        '--postgres-env',
        'DATABASE_URL',
        '--sync',
        '--json',
        '--no-progress',
      ]
      const made = await cli(folder, args, given)
      expect(made.code, made.stderr).toBe(0)
      expect(JSON.parse(made.stdout)).toMatchObject({ ignored: null, sync: { outcome: 'complete' } })
      expect(readFileSync(join(folder, 'sync.config.yaml'), 'utf8')).toMatch(/\n {2}token_file: token\n/)
      expect(readFileSync(join(folder, 'sync.env'), 'utf8')).toMatch(/\nDATABASE_URL=postgres:.*\n$/)
      expect(readFileSync(join(folder, 'sync.env'), 'utf8')).not.toContain(simulator.token)
      expect((await cli(folder, ['status', '--streams', 'customers'])).code).toBe(0)
    }),
  ))

test('nothing is written where the token or the destination does not work', () =>
  withStore(async (simulator, folder) => {
    const init = (args: readonly string[], token: string) =>
      cli(folder, ['init', '--log-level', 'silent', ...args], { ...at(simulator), RECHARGE_ACCESS_TOKEN: token })
    const refused: [string, Awaited<ReturnType<typeof init>>][] = [
      ['Check the token in the merchant portal', await init(['--yes'], 'sk_1x1_wrong')],
      ['port', await init(['--postgres', 'postgres://me@127.0.0.1:9/none'], simulator.token)],
    ]
    for (const [text, exited] of refused)
      expect([exited.code, exited.stderr]).toEqual([3, expect.stringContaining(text)])
    expect(readdirSync(folder)).toEqual([])
  }))

test.each<[string, InitFlags, Record<string, string>]>([
  ['the token: put it into RECHARGE_ACCESS_TOKEN', { yes: true }, {}],
  ['the destination: give --duckdb FILE', {}, { RECHARGE_ACCESS_TOKEN: 'sk_1x1_a' }],
  ['--postgres: contains a password', { postgres: 'postgres://me:secret@h/db' }, {}],
  ['--postgres: contains a password', { postgres: 'postgres://me@h/db?password=secret' }, {}],
  ['--token-env: should be the name of a variable, not the token', { tokenEnv: 'sk_1x1_secret' }, {}],
  ['--token-env: the environment has no SHOP_TOKEN; set it first', { tokenEnv: 'SHOP_TOKEN' }, {}],
  ['--postgres: stands beside --duckdb', { duckdb: 'a.duckdb', postgres: 'postgres://h/db' }, {}],
  ['--duckdb: is named as its schema', { duckdb: 'recharge.duckdb' }, {}],
  ['DATABASE_URL: should be an address such as', { postgresEnv: 'DATABASE_URL' }, { DATABASE_URL: 'secret' }],
  ['RECHARGE_ACCESS_TOKEN: contains a quote', {}, { RECHARGE_ACCESS_TOKEN: "sk_'secret" }],
])('a mistake is named, and no value of a variable is shown: %s', (text, flags, environment) => {
  let thrown: unknown
  try {
    completeAnswers(knownAnswers(flags, environment), flags)
  } catch (error) {
    thrown = error
  }
  if (!(thrown instanceof ConfigError)) throw thrown ?? new Error('it was accepted')
  expect(thrown.message).toContain(`  ${text}`)
  expect(thrown.message).not.toContain('secret')
})

test.each([
  ['sync.config.yaml', 'file'],
  ['sync.env', 'file'],
  // A link to nowhere is there too.
  ['sync.config.yaml', 'link'],
  ['sync.env', 'link'],
])('a %s that is there, as a %s, stays as it is, and nothing is left beside it', (name, kind) =>
  withStore(async (simulator, folder) => {
    if (kind === 'link') symlinkSync(join(folder, 'elsewhere'), join(folder, name))
    else writeFileSync(join(folder, name), 'mine')
    const given = { ...at(simulator), RECHARGE_ACCESS_TOKEN: simulator.token }
    const exited = await cli(folder, ['init', '--yes'], given)
    expect([exited.code, exited.stderr]).toEqual([2, expect.stringMatching(new RegExp(`  ${name}: is there already`))])
    expect(readdirSync(folder)).toEqual([name])
    if (kind === 'link') return
    expect(readFileSync(join(folder, name), 'utf8')).toBe('mine')
    // It is said before anybody is asked for anything.
    expect(simulator.requests).toEqual([])
  }),
)

test.skipIf(NO_PTY !== null)('at a terminal: a refused token is asked for again, and the first sync is offered', () =>
  withStore(async (simulator, folder) => {
    const steps = [
      { expect: 'Recharge API token', send: `sk_1x1_mistyped${KEYS.enter}` },
      { expect: 'Check the token in the merchant portal', send: '' },
      { expect: 'Recharge API token', send: `${simulator.token}${KEYS.enter}` },
      { expect: 'The token may read', send: '' },
      { expect: 'Where do the rows go?', send: KEYS.enter },
      { expect: 'File of the database', send: KEYS.enter },
      { expect: 'Run the first sync now?', send: KEYS.enter },
      { expect: 'For a sync every hour', send: '' },
    ]
    const { code, text, taken } = await atTerminal(folder, ['init', '--schedule', 'cron'], steps, at(simulator))
    expect([code, taken], text).toEqual([0, steps.length])
    expect(text).not.toContain(simulator.token)
    expect(text).not.toContain('sk_1x1_mistyped')
    expect(readdirSync(folder).sort()).toEqual(['state', ...FILES])
    expect(readdirSync(join(folder, 'state')).sort()).toEqual(['runs', 'warehouse.duckdb'])
    for (const file of FILES) expect(modeOf(join(folder, file))).toBe('600')
  }),
)

test.skipIf(NO_PTY !== null)('at a terminal: Ctrl-C at any question leaves nothing', () =>
  withStore(async (simulator, folder) => {
    const answers = [
      { expect: 'Recharge API token', send: `${simulator.token}${KEYS.enter}` },
      { expect: 'Where do the rows go?', send: KEYS.enter },
      { expect: 'File of the database', send: KEYS.enter },
    ]
    for (const [at_, { expect: question }] of answers.entries()) {
      const steps = [...answers.slice(0, at_), { expect: question, send: KEYS.interrupt }]
      const { code, text, taken } = await atTerminal(folder, ['init'], steps, at(simulator))
      expect([code, taken], text).toEqual([130, steps.length])
      expect(text).toContain('Cancelled: nothing was written.')
      expect(readdirSync(folder)).toEqual([])
    }
  }),
)

test('the settings file that is shipped takes every kind of answer', () => {
  const token = { value: 'sk_1x1_a', file: null }
  const odd = {
    token: { value: 'sk_1x1_a', file: "my $& 'token'" },
    destination: { duckdb: 'a "b" $1.duckdb' },
    schema: 's',
    baseUrl: 'https://h',
  }
  expect(configText(odd)).toContain(`token_file: ${JSON.stringify("my $& 'token'")}\n`)
  expect(configText(odd)).toContain('  duckdb: "a \\"b\\" $1.duckdb"')
  const postgres = configText({ token, destination: { postgres: 'postgres://h' }, schema: 'recharge', baseUrl: null })
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the syntax of the file
  expect(postgres).toContain('\n  postgres: ${DATABASE_URL}\n')
  expect(postgres).not.toMatch(/^ {2}duckdb:/m)
})

const NO_SYSTEMD =
  spawnSync('systemd-analyze', ['--version'], { stdio: 'ignore' }).status === 0
    ? null
    : 'systemd-analyze is not installed: the units were not verified'
if (NO_SYSTEMD) console.log(NO_SYSTEMD)

test.skipIf(NO_SYSTEMD !== null)(
  'the crontab line runs and the systemd units pass systemd-analyze, whatever the path has',
  () =>
    withFolder(async home => {
      const folder = join(home, `a "b" 'c' $d %e \\f`)
      const node = join(folder, 'no de')
      makeFolder(folder)
      writeFileSync(node, '#!/bin/sh\npwd\nexit 3\n', { mode: 0o700 })
      const line = crontabLine(folder, [node])
      expect(line).not.toMatch(/(?<!\\)%/)
      expect(await runByCron(line.split(' ').slice(5).join(' ').replaceAll('\\%', '%'))).toEqual({
        code: 1,
        mail: `${folder}\n`,
      })
      const installation = {
        node,
        flags: ['--a=1'],
        main: join(folder, 'main.js'),
        isCached: { node: false, main: false },
      }
      for (const isRoot of [false, true]) {
        const { text } = scheduleOf('systemd', folder, installation, isRoot)
        const units = isRoot ? join(home, 'system') : join(home, '.config/systemd/user')
        mkdirSync(units, { recursive: true })
        const commands = (text ?? '').replaceAll('/etc/systemd/system', units).replace(/^(systemctl|loginctl).*$/gm, '')
        expect(spawnSync('sh', ['-ec', commands], { env: { HOME: home, PATH: process.env.PATH } }).status).toBe(0)
        const files = ['service', 'timer'].map(kind => join(units, `recharge-sync.${kind}`))
        const verified = spawnSync('systemd-analyze', ['verify', ...files], { encoding: 'utf8' })
        expect([verified.status, verified.stderr.replaceAll(/^.*(SystemdRunner|binfmt|snapd).*$/gm, '')]).toEqual([
          0,
          '',
        ])
      }
    }),
)
