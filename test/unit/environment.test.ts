// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables are written like this in the file.
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { createApp, STREAMS, select } from '../../src/cli/app.ts'
import { check } from '../../src/cli/commands/check.ts'
import { configFromEnvironment, readConfig, settingVariables } from '../../src/cli/config/from-environment.ts'
import { type Config, loadConfig } from '../../src/cli/config/load.ts'
import { ConfigError } from '../../src/common/errors.ts'
import { withFolder } from '../support/destinations.ts'
import { configFor, makeStore, withSimulator } from '../support/run.ts'

type Environment = Record<string, string>

const TOKEN = 'sk_1x1_0123456789abcdef'
const GIVEN = { RECHARGE_ACCESS_TOKEN: TOKEN, DESTINATION: 'warehouse.duckdb' }

const load = (environment: Environment, needsToken = true): Config =>
  configFromEnvironment(STREAMS, environment, needsToken)

function problemsOf(work: () => unknown): string[] {
  try {
    work()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    expect(error.message).not.toContain(TOKEN)
    return error.problems.map(({ path, message }) => `${path}: ${message}`)
  }
  throw new Error('it was accepted')
}

const problems = (environment: Environment): string[] => problemsOf(() => load(environment))

test('a token and a destination are enough, and the rest has the defaults of the file', () =>
  withFolder(async folder => {
    writeFileSync(join(folder, 'sync.config.yaml'), `recharge: { token: ${TOKEN} }\ndestination: { duckdb: x }\n`)
    const file = loadConfig(join(folder, 'sync.config.yaml'), STREAMS, {})
    const { file: _f, directory: _d, secretFiles: _s, destination: _t, refreshMs: _r, ...defaults } = file
    const config = load(GIVEN)
    expect(config).toMatchObject(defaults)
    expect(config.refreshMs('orders')).toBe(file.refreshMs('orders'))
    expect(config.destination).toEqual({ kind: 'duckdb', file: resolve('warehouse.duckdb'), schema: 'recharge' })
    const url = 'postgres://me:pass%2F@host:5432/shop'
    const postgres = load({ ...GIVEN, DESTINATION: ` ${url}\n`, DESTINATION_SCHEMA: 'shop' })
    expect(postgres.destination).toEqual({ kind: 'postgres', url, schema: 'shop' })
    expect(postgres.secrets).toEqual([TOKEN, url])
  }))

test('every setting has a variable: text, names with commas, or YAML', () => {
  expect(
    load({
      ...GIVEN,
      RECHARGE_SYNC_START: '2024-01-01',
      RECHARGE_SYNC_CONCURRENCY: '4',
      RECHARGE_SYNC_BUDGET: '50%',
      RECHARGE_SYNC_RATE: '{ bucket: 10, per_second: 1 }',
      RECHARGE_SYNC_STREAMS: 'orders, charges',
      RECHARGE_SYNC_HISTORY: '[]',
      RECHARGE_SYNC_VIEWS: 'false',
      RECHARGE_SYNC_REFRESH: '{ products: 2d }',
      RECHARGE_SYNC_ANALYTICS: '{ zone: Europe/Berlin }',
      RECHARGE_SYNC_COLUMNS: '{ customers: { email: hash } }',
      // An empty variable is one that is not set.
      RECHARGE_SYNC_DRIFT: '',
      // Kubernetes sets these for a service of this name.
      RECHARGE_SYNC_SERVICE_HOST: '10.0.0.1',
      RECHARGE_SYNC_PORT: 'tcp://10.0.0.1:80',
    }),
  ).toMatchObject({
    recharge: { start: '2024-01-01T00:00:00.000000Z', concurrency: 4, budget: 0.5, rate: { bucket: 10, perSecond: 1 } },
    streams: ['orders', 'charges'],
    history: [],
    views: false,
    analytics: { zone: 'Europe/Berlin' },
    policies: { columns: { customers: { email: 'hash' } }, drift: 'capture' },
  })
  expect(load({ ...GIVEN, RECHARGE_SYNC_STREAMS: 'all' }).streams).toBe('all')
  // Each leads to a setting of its own.
  const paths = [...settingVariables().values()].map(path => path.join('.'))
  expect(new Set(paths).size).toBe(paths.length)
  expect(paths).toEqual(expect.arrayContaining(['recharge.base_url', 'destination.schema', 'sensitive', 'max_rejects']))
})

test('each mistake is reported with the name of its variable, and without its value', () => {
  expect(
    problems({
      RECHARGE_ACCESS_TOKEN: `${TOKEN} and more`,
      DESTINATION: 'mysql://h/db',
      RECHARGE_SYNC_BUDGET: '150%',
      RECHARGE_SYNC_STREAMS: 'order',
      RECHARGE_SYNC_STREAM: 'orders',
      RECHARGE_SYNC_COLUMNS: '{ customers: { emial: hash } }',
      RECHARGE_SYNC_ANALYTICS: '{ zone: [ }',
      RECHARGE_SYNC_REFRESH: '{ orders: *nothing }',
      DESTINATION_SHEMA: 'shop',
    }).sort(),
  ).toEqual([
    'DESTINATION: should be an address such as postgres://user:password@host:5432/database, or the path of a DuckDB file on this machine',
    'DESTINATION_SHEMA: is no setting; did you mean DESTINATION_SCHEMA?',
    expect.stringMatching(/^RECHARGE_ACCESS_TOKEN: contains a space/),
    expect.stringMatching(/^RECHARGE_SYNC_ANALYTICS: cannot be read as YAML: /),
    'RECHARGE_SYNC_BUDGET: should be a percentage from 1% to 100%',
    'RECHARGE_SYNC_COLUMNS (customers.emial): customers has no declared column emial; did you mean email?',
    expect.stringMatching(/^RECHARGE_SYNC_REFRESH: cannot be read as YAML: /),
    'RECHARGE_SYNC_STREAM: is no setting; did you mean RECHARGE_SYNC_STREAMS?',
    'RECHARGE_SYNC_STREAMS: there is no stream order; did you mean orders?',
  ])
  expect(problems({ DESTINATION: 'a.duckdb' })).toEqual([
    'RECHARGE_ACCESS_TOKEN: is not set, nor is RECHARGE_ACCESS_TOKEN_FILE',
  ])
  expect(problems({ RECHARGE_ACCESS_TOKEN: TOKEN })).toEqual([expect.stringMatching(/^DESTINATION: is not set: give/)])
  expect(problems({ ...GIVEN, DESTINATION: 'recharge.duckdb' })).toEqual([
    expect.stringMatching(/^DESTINATION: is named as its schema, recharge/),
  ])
  expect(problems({ ...GIVEN, DESTINATION: 'postgres://u:p#w@h/db' })).toEqual([
    expect.stringMatching(/^DESTINATION: cannot be read as an address/),
  ])
})

test('with a file, variables that it does not name are not read, and that is known', () =>
  withFolder(async folder => {
    const file = join(folder, 'sync.config.yaml')
    writeFileSync(
      file,
      `recharge: { token: ${TOKEN}, start: "\${RECHARGE_SYNC_START}" }\ndestination: { duckdb: w.duckdb }\n`,
    )
    const environment = { RECHARGE_SYNC_START: '2024-01-01', RECHARGE_SYNC_STREAMS: 'orders', DESTINATION: 'other' }
    const config: Config = { ...readConfig(file, STREAMS, environment), overridden: ['RECHARGE_SYNC_START'] }
    expect([config.streams, config.recharge.start]).toEqual(['all', '2024-01-01T00:00:00.000000Z'])
    expect(config.unread).toEqual(['RECHARGE_SYNC_STREAMS'])
    await withSimulator({ store: makeStore({ customers: 1, months: 1 }) }, async simulator => {
      const { recharge } = configFor(simulator, config.destination, folder)
      const app = createApp({ ...config, recharge }, { level: 'silent', runsDirectory: null })
      const { text } = await check(app, select(app, ['store']), new AbortController().signal)
      expect(text).toContain('warning  configuration: RECHARGE_SYNC_STREAMS is set, and not read')
      expect(text).toContain(
        'ok       configuration: RECHARGE_SYNC_START is taken from the environment of this process',
      )
    })
  }))

test('token and destination come from files, and a command that only reads needs no token', () =>
  withFolder(async folder => {
    const token = join(folder, 'token')
    const place = join(folder, 'place')
    writeFileSync(token, `${TOKEN}\n`)
    writeFileSync(place, 'postgres://u:secret@h/db\n')
    const config = load({ RECHARGE_ACCESS_TOKEN_FILE: token, DESTINATION_FILE: place })
    expect(config).toMatchObject({
      recharge: { token: TOKEN },
      destination: { kind: 'postgres', url: 'postgres://u:secret@h/db' },
      // `check` looks at who may open them.
      secretFiles: [place, token],
    })
    expect(load({ DESTINATION: 'a.duckdb' }, false).recharge.token).toBe('')
    expect(problems({ ...GIVEN, RECHARGE_ACCESS_TOKEN_FILE: token, DESTINATION_FILE: place })).toEqual([
      'DESTINATION_FILE: stands beside DESTINATION; give one of the two',
      'RECHARGE_ACCESS_TOKEN_FILE: stands beside RECHARGE_ACCESS_TOKEN; give one of the two',
    ])
    const absent = join(folder, 'absent')
    expect(problems({ RECHARGE_ACCESS_TOKEN_FILE: absent, DESTINATION_FILE: absent }).sort()).toEqual([
      expect.stringMatching(/^DESTINATION_FILE: should be read from .*absent, and there is no such file; /),
      expect.stringMatching(/^RECHARGE_ACCESS_TOKEN_FILE: should be read from .*absent, and there is no such file$/),
    ])
  }))

test('a file names a file of variables, which the environment goes before', () =>
  withFolder(async folder => {
    const file = join(folder, 'sync.config.yaml')
    const env = join(folder, 'sync.env')
    const read = (environment: Environment): Config => loadConfig(file, STREAMS, environment)
    writeFileSync(file, 'env_file: sync.env\nrecharge: { token: "${T}" }\ndestination: { postgres: "${DB:-x}" }\n')
    writeFileSync(env, `# a comment\nT=${TOKEN}\nDB='postgres://u:p&w@h/db?a=b'\n`)
    const config = read({})
    expect(config.recharge.token).toBe(TOKEN)
    expect(config.destination).toMatchObject({ url: 'postgres://u:p&w@h/db?a=b' })
    expect(config.secretFiles).toEqual([env])
    expect(config.overridden).toEqual([])
    const other = read({ T: 'sk_other', DB: '' })
    expect([other.recharge.token, other.overridden]).toEqual(['sk_other', ['T']])
    // It is needed only for what is not set elsewhere.
    writeFileSync(file, 'env_file: gone.env\nrecharge: { token: "${T}" }\ndestination: { duckdb: w.duckdb }\n')
    expect(read({ T: TOKEN }).recharge.token).toBe(TOKEN)
    expect(problemsOf(() => read({}))).toEqual([
      expect.stringMatching(/^env_file: should be read from .*gone\.env, and there is no such file$/),
      expect.stringMatching(/^recharge\.token: the environment has no T/),
    ])
    writeFileSync(file, `env_file: .\nrecharge: { token: ${TOKEN} }\ndestination: { duckdb: w.duckdb }\n`)
    expect(problemsOf(() => read({}))).toEqual([expect.stringMatching(/^env_file: .*it cannot be read \(EISDIR\)$/)])
  }))
