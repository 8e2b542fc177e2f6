// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables are written like this in the file.
import { writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { STREAMS as DECLARED } from '../../src/cli/app.ts'
import { type Config, configFrom, loadConfig } from '../../src/cli/config/load.ts'
import { durationMs } from '../../src/cli/config/schema.ts'
import { ConfigError } from '../../src/common/errors.ts'
import { withFolder } from '../support/destinations.ts'

const NAMES = ['charges', 'orders', 'customers', 'payment_methods']
const STREAMS = DECLARED.filter(({ name }) => NAMES.includes(name))
const TOKEN = 'sk_1x1_0123456789abcdef'
const DUCKDB = 'destination: { duckdb: my.duckdb }'
const RECHARGE = `recharge: { token: ${TOKEN} }`

type Environment = Record<string, string>

const load = (text: string, environment: Environment = {}): Promise<Config> =>
  withFolder(async folder => {
    const file = join(folder, 'sync.config.yaml')
    writeFileSync(file, text)
    return loadConfig(file, STREAMS, environment)
  })

async function refusal(text: string, environment: Environment = {}): Promise<ConfigError> {
  const error = await load(text, environment).then(
    () => null,
    (thrown: unknown) => thrown,
  )
  if (error instanceof ConfigError) return error
  throw error ?? new Error('the file was accepted')
}

const problems = async (text: string, environment: Environment = {}): Promise<string[]> =>
  (await refusal(text, environment)).problems.map(({ path, line, message }) => `${path} @${line}: ${message}`)

test('a file with only a token and a destination gets the defaults', async () => {
  const config = await load(`${RECHARGE}\n${DUCKDB}\n`)
  expect(config).toMatchObject({
    file: join(config.directory, 'sync.config.yaml'),
    recharge: {
      token: TOKEN,
      baseUrl: 'https://api.rechargeapps.com',
      start: null,
      overlapMs: 86_400_000,
      rate: 'auto',
      budget: 1,
      timeoutMs: 60_000,
    },
    destination: { kind: 'duckdb', file: join(config.directory, 'my.duckdb'), schema: 'recharge' },
    streams: 'all',
    history: ['subscriptions'],
    views: true,
    fivetranViews: false,
    analytics: { zone: 'America/New_York', excludedSkus: [], reasonGroups: {}, errorGroups: {} },
    materialize: { add: [], except: [] },
    indexes: true,
    maxRejects: 100,
    secrets: [TOKEN],
  })
})

test('every kind of setting is read, also from variables', async () => {
  const config = await load(
    [
      'recharge:',
      '  token: ${TOKEN}',
      '  base_url: http://127.0.0.1:8080',
      '  start: 2015-01-01',
      '  overlap: 36h',
      '  concurrency: ${CONCURRENCY}',
      '  rate: { bucket: "${BUCKET:-80}", per_second: 0.5 }',
      '  budget: 25%',
      '  timeout: 1500ms',
      'destination:',
      '  postgres: postgres://${PGUSER:-me}:${PGPASSWORD}@host:5432/db',
      '  schema: raw_recharge',
      'streams: [charges, orders]',
      'history: [charges]',
      'indexes: ${INDEXES}',
      'max_rejects: 7',
    ].join('\n'),
    { TOKEN, CONCURRENCY: '8', PGPASSWORD: 'hunter22', INDEXES: 'false' },
  )
  expect(config).toMatchObject({
    recharge: {
      token: TOKEN,
      baseUrl: 'http://127.0.0.1:8080',
      start: '2015-01-01T00:00:00.000000Z',
      overlapMs: 129_600_000,
      concurrency: 8,
      rate: { bucket: 80, perSecond: 0.5 },
      budget: 0.25,
      timeoutMs: 1500,
    },
    destination: { kind: 'postgres', url: 'postgres://me:hunter22@host:5432/db', schema: 'raw_recharge' },
    streams: ['charges', 'orders'],
    history: ['charges'],
    indexes: false,
    maxRejects: 7,
    secrets: [TOKEN, 'postgres://me:hunter22@host:5432/db'],
  })
})

test('an object gives the same configuration as a file with the same keys', async () => {
  const settings = {
    recharge: {
      token: TOKEN,
      base_url: 'http://127.0.0.1:8080',
      start: '2015-01-01',
      overlap: '36h',
      concurrency: 8,
      rate: { bucket: 80, per_second: 0.5 },
      budget: '25%',
      timeout: '1500ms',
    },
    destination: { duckdb: 'my.duckdb', schema: 'raw_recharge' },
    streams: { except: ['orders'] },
    refresh: { payment_methods: '7d' },
    history: ['charges'],
    indexes: false,
    sensitive: 'omit',
    columns: { customers: { email: 'hash' } },
    drift: 'evolve',
    on_mismatch: null,
    max_rejects: 7,
  } as const
  const config = configFrom(settings, STREAMS)
  const { file, directory, destination, refreshMs, secretFiles, ...loaded } = await load(JSON.stringify(settings))
  expect(config).toMatchObject(loaded)
  for (const of of [config.refreshMs, refreshMs])
    expect([of('payment_methods'), of('orders')]).toEqual([7 * 86_400_000, 86_400_000])
  // Relative paths start in the working directory, not in the folder of a file.
  expect(config.destination).toEqual({ ...destination, file: resolve('my.duckdb') })
  expect([config.directory, directory]).toEqual([resolve('.'), dirname(file)])
  // The text of a file is a secret that lies on a disk.
  expect([config.secretFiles, secretFiles]).toEqual([[], [file]])
})

test('text of an object that looks like a variable is taken as it is', () => {
  const { recharge } = configFrom({ recharge: { token: '${HOME}' }, destination: { duckdb: 'x' } }, STREAMS)
  expect(recharge.token).toBe('${HOME}')
})

test('a typo, a wrong type and a missing variable are reported together, each with its path and line', async () => {
  const error = await refusal(
    [
      'recharge:',
      '  token: ${RECHARGE_ACCESS_TOKEN}',
      '  concurency: 4',
      '  timeout: 60',
      'destination:',
      '  duckdb: my.duckdb',
      '  shema: recharge',
      'streams: [charge, orders, custmers]',
      'history: [orders, charge]',
      'max_rejects: many',
    ].join('\n'),
  )
  expect(error.problems).toEqual([
    {
      path: 'recharge.token',
      line: 2,
      message: 'the environment has no RECHARGE_ACCESS_TOKEN; set it, or write ${RECHARGE_ACCESS_TOKEN:-default}',
    },
    { path: 'recharge.concurency', line: 3, message: 'unknown; did you mean concurrency?' },
    { path: 'recharge.timeout', line: 4, message: 'should be a string, not 60' },
    { path: 'destination.shema', line: 7, message: 'unknown; did you mean schema?' },
    { path: 'streams', line: 8, message: 'there is no stream charge; did you mean charges?' },
    { path: 'streams', line: 8, message: 'there is no stream custmers; did you mean customers?' },
    { path: 'history', line: 9, message: 'there is no stream charge; did you mean charges?' },
    { path: 'max_rejects', line: 10, message: 'should be a number, not "many"' },
  ])
  expect(error.message).toContain('\n  recharge.concurency (line 3): unknown; did you mean concurrency?\n')
  expect(error).toMatchObject({ code: 'config', reaction: 'stop' })
})

describe('an unknown key is reported with the most similar known one', () => {
  const CASES = [
    ['recharg', 'recharge'],
    ['Recharge', 'recharge'],
    ['stream', 'streams'],
    ['max_reject', 'max_rejects'],
    ['maxRejects', 'max_rejects'],
    ['notifications', null],
    ['x', null],
  ] as const

  test.each(CASES)('%s: %s', async (key, known) => {
    const expected = `${key} @3: unknown${known ? `; did you mean ${known}?` : ''}`
    expect(await problems(`${RECHARGE}\n${DUCKDB}\n${key}: 1\n`)).toEqual([expected])
  })
})

describe('wrong values are refused', () => {
  const CASES = [
    ['concurrency: 0', 'recharge.concurrency @3: should be a whole number from 1, not 0'],
    ['concurrency: 1.5', 'recharge.concurrency @3: '],
    ['concurrency: four', 'recharge.concurrency @3: should be auto, or a whole number from 1, not "four"'],
    ['concurrency: -1', 'recharge.concurrency @3: should be a whole number from 1, not -1'],
    ['start: soon', 'recharge.start @3: should be a day, such as 2015-01-01, not "soon"'],
    ['start: 2025-02-30', 'recharge.start @3: should be a day, such as 2015-01-01, not "2025-02-30"'],
    ['start: 2015', 'recharge.start @3: should be a string, not 2015'],
    ['overlap: 1 day', 'recharge.overlap @3: should be a number with a unit: 30s, 15m, 2h or 1d, not "1 day"'],
    ['overlap: -1d', 'recharge.overlap @3: should be a number with a unit: 30s, 15m, 2h or 1d, not "-1d"'],
    ['timeout: 0s', 'recharge.timeout @3: should be a time above zero, not "0s"'],
    ['budget: 0%', 'recharge.budget @3: should be a percentage from 1% to 100%, not "0%"'],
    ['budget: 101%', 'recharge.budget @3: should be a percentage from 1% to 100%, not "101%"'],
    ['budget: "0.5"', 'recharge.budget @3: should be a percentage from 1% to 100%, not "0.5"'],
    ['rate: fast', 'recharge.rate @3: should be auto, or bucket and per_second, not "fast"'],
    ['rate: { bucket: 40, per_second: 0 }', 'recharge.rate.per_second @3: should be a number above zero, not 0'],
    ['rate: { bucket: 0, per_second: 2 }', 'recharge.rate.bucket @3: should be a whole number from 1, not 0'],
    [
      'base_url: nonsense',
      'recharge.base_url @3: should be an address such as https://api.rechargeapps.com, not "nonsense"',
    ],
    ['base_url: 5', 'recharge.base_url @3: should be a string, not 5'],
  ] as const

  test.each(CASES)('%s', async (line, problem) => {
    const [only, ...more] = await problems(`recharge:\n  token: ${TOKEN}\n  ${line}\n${DUCKDB}\n`)
    expect(only).toContain(problem)
    expect(more).toEqual([])
  })
})

test('indexes are on or off', async () => {
  expect(await problems(`${RECHARGE}\n${DUCKDB}\nindexes: [customer_id]\n`)).toEqual([
    'indexes @3: should be true or false',
  ])
  expect(await problems(`${RECHARGE}\n${DUCKDB}\nindexes: no\n`)).toEqual([
    'indexes @3: should be true or false, not "no"',
  ])
})

describe('http is accepted for loopback addresses only', () => {
  test.each([
    'http://localhost',
    'http://localhost:8080',
    'http://127.0.0.1:1',
    'http://127.8.8.8',
    'http://[::1]:8080',
    'https://example.com',
  ])('%s is accepted', async url => {
    const config = await load(`recharge: { token: ${TOKEN}, base_url: "${url}" }\n${DUCKDB}`)
    expect(config.recharge.baseUrl).toBe(url)
  })

  test.each([
    'http://api.rechargeapps.com',
    'http://localhost.example.com',
    'http://127.0.0.1.example.com',
    'http://localhost@example.com',
    'http://10.0.0.1',
    'http://0.0.0.0',
    'http://[::2]',
    'ftp://localhost',
  ])('%s is refused', async url => {
    const [only] = await problems(`recharge: { token: ${TOKEN}, base_url: "${url}" }\n${DUCKDB}`)
    expect(only).toContain('recharge.base_url @1: must start with https')
  })
})

describe('exactly one destination is required', () => {
  const EITHER = 'destination @2: needs either duckdb or postgres'
  const CASES = [
    ['none', 'destination: { schema: x }', EITHER],
    ['two', 'destination: { duckdb: a, postgres: "postgres://h/db" }', EITHER],
    ['no section', '', 'destination @null: is missing'],
    ['an empty file name', 'destination: { duckdb: "" }', 'destination.duckdb @2: '],
    ['another database', 'destination: { mysql: x }', 'destination.mysql @2: unknown'],
    [
      'a schema in capitals',
      'destination: { duckdb: a, schema: Raw }',
      'destination.schema @2: should be a lower-case name',
    ],
    ['a schema too long', `destination: { duckdb: a, schema: ${'a'.repeat(64)} }`, 'destination.schema @2: '],
  ] as const

  test.each(CASES)('%s', async (_what, destination, problem) => {
    expect((await problems(`${RECHARGE}\n${destination}\n`))[0]).toContain(problem)
  })
})

describe('a read copy', () => {
  const withCopy = (destination: string) => `${RECHARGE}\ndestination:\n  ${destination}\n  read_copy: `

  test('is a path relative to the file', async () => {
    const { destination, directory } = await load(`${withCopy('duckdb: state/warehouse.duckdb')}state/read.duckdb`)
    expect(destination).toMatchObject({
      file: join(directory, 'state', 'warehouse.duckdb'),
      readCopy: join(directory, 'state', 'read.duckdb'),
    })
  })

  test.each([
    ['of Postgres', 'postgres: postgres://h/db', 'state/read.duckdb', 'is for DuckDB only: Postgres lets readers in'],
    ['that is the file', 'duckdb: state/a.duckdb', './state/x/../a.duckdb', 'is a file of the warehouse itself'],
    ['that is its log', 'duckdb: state/a.duckdb', 'state/a.duckdb.wal', 'is a file of the warehouse itself'],
    ['named as the schema', 'duckdb: a.duckdb', 'state/recharge.duckdb', 'is named as its schema, recharge'],
    ['named as a schema of views', 'duckdb: a', 'recharge_analytics.db', 'is named as a schema of its views'],
    ['on a server', 'duckdb: a', 's3://bucket/read.duckdb', 'should be the path of a file on this machine'],
  ])('%s is refused', async (_what, destination, copy, problem) => {
    expect(await problems(withCopy(destination) + copy)).toEqual([
      expect.stringMatching(`^destination.read_copy @4: ${problem}`),
    ])
  })
})

describe('variables are replaced', () => {
  const CASES = [
    ['one', '${A}', { A: 'a' }, 'a'],
    ['a default of a variable that is set', '${A:-d}', { A: 'a' }, 'a'],
    ['a default', '${A:-d}', {}, 'd'],
    ['a default of an empty variable', '${A:-d}', { A: '' }, 'd'],
    ['a default with a colon and a dash', '${A:-x:-y}', {}, 'x:-y'],
    ['two in a text', 'x-${A}-${B:-b}-y', { A: 'a' }, 'x-a-b-y'],
    ['text that only looks like a variable', '$A ${} ${1A} {A}', { A: 'a' }, '$A ${} ${1A} {A}'],
    ['a value that looks like a variable is not replaced again', '${A}', { A: '${B}', B: 'b' }, '${B}'],
    ['a value with YAML syntax in it', '${A}', { A: 'a: [b] # c' }, 'a: [b] # c'],
  ] as const

  test.each(CASES)('%s: %s', async (_what, text, environment, expected) => {
    const config = await load(`${RECHARGE}\ndestination: { duckdb: "/${text}" }`, environment)
    expect(config.destination).toMatchObject({ file: `/${expected}` })
  })

  test('an empty default is an empty text, not a missing variable', async () => {
    expect(await problems(`recharge: { token: "\${A:-}" }\n${DUCKDB}`)).toEqual(['recharge.token @1: is empty'])
  })

  test.each([[{}], [{ A: '' }]])('missing in %j: reported once, with its path and line', async environment => {
    const message = 'the environment has no A; set it, or write ${A:-default}'
    expect(await problems(`recharge:\n  token: \${A}\n${DUCKDB}`, environment)).toEqual([
      `recharge.token @2: ${message}`,
    ])
    expect(await problems(`${RECHARGE}\n${DUCKDB}\nstreams:\n  except:\n    - \${A}`, environment)).toContain(
      `streams.except @5: ${message}`,
    )
  })
})

describe('the token', () => {
  test.each([` ${TOKEN}`, `${TOKEN}\n`, `\t${TOKEN} \r\n`])('%j is trimmed', async value => {
    const config = await load(`recharge: { token: "\${T}" }\n${DUCKDB}`, { T: value })
    expect(config.recharge.token).toBe(TOKEN)
    expect(config.secrets).toEqual([TOKEN])
  })

  test.each([
    ['with a space in it', 'sk_1 1_0123', 'contains a space'],
    ['with a letter that no HTTP header may contain', 'sk_1x1_é', 'contains a space or another character'],
    ['that is only spaces', '  ', 'is empty'],
  ])('%s is refused', async (_what, value, problem) => {
    const [only] = await problems(`recharge: { token: "\${T}" }\n${DUCKDB}`, { T: value })
    expect(only).toContain(`recharge.token @1: ${problem}`)
  })
})

describe('an error contains no secret', () => {
  const PASSWORD = 'hunter2hunter2'
  const CASES: readonly (readonly [string, string])[] = [
    ['a token with a space', `recharge: { token: "${TOKEN} x" }\n${DUCKDB}`],
    ['a token among other problems', `recharge: { token: ${TOKEN}, concurrency: x }\nstreams: [x]`],
    ['a token that is a number', `recharge: { token: 12345678 }\n${DUCKDB}`],
    ['a token one level too high', `recharge: ${TOKEN}\n${DUCKDB}`],
    ['a variable one level too high', `recharge:\n  \${TOKEN}\n${DUCKDB}`],
    ['a token as a list', `recharge: { token: [${TOKEN}] }\n${DUCKDB}`],
    ['a token as a map', `recharge: { token: { value: ${TOKEN} } }\n${DUCKDB}`],
    ['nothing but a token', TOKEN],
    ['a variable in the wrong place', `recharge: { token: x, base_url: "\${TOKEN}" }\n${DUCKDB}`],
    ['a variable for a number', `recharge: { token: x, concurrency: "\${TOKEN}" }\n${DUCKDB}`],
    ['a quote that is not closed', `recharge:\n  token: "${TOKEN}\n${DUCKDB}`],
    ['a bracket before it', `recharge:\n  token: ]${TOKEN}\n${DUCKDB}`],
    ['a bracket that is not closed', `recharge:\n  token: [${TOKEN}\n${DUCKDB}`],
    ['a bar before it', `recharge:\n  token: |${TOKEN}\n${DUCKDB}`],
    ['a reserved character before it', `recharge:\n  token: @${TOKEN}\n${DUCKDB}`],
    ['a colon after it', `recharge:\n  token: ${TOKEN}: x\n${DUCKDB}`],
    ['a word after it', `recharge:\n  token: "x" ${TOKEN}\n${DUCKDB}`],
    ['the token twice', `recharge:\n  token: ${TOKEN}\n  token: ${TOKEN}\n${DUCKDB}`],
    ['another database', `${RECHARGE}\ndestination: { postgres: "mysql://me:${PASSWORD}@h/db" }`],
    ['an invalid address', `${RECHARGE}\ndestination: { postgres: "me:${PASSWORD}@h/db" }`],
    ['an address one level too high', `${RECHARGE}\ndestination: postgres://me:${PASSWORD}@h/db`],
    ['two destinations', `${RECHARGE}\ndestination: { duckdb: a, postgres: "postgres://me:${PASSWORD}@h/db" }`],
  ]

  test.each(CASES)('%s', async (_what, text) => {
    const { message, problems: found } = await refusal(text, { TOKEN })
    expect(found.length).toBeGreaterThan(0)
    for (const secret of [TOKEN, PASSWORD, '12345678']) expect(message).not.toContain(secret)
  })
})

describe('streams', () => {
  test.each([
    ['all', 'all'],
    ['[charges]', ['charges']],
    ['{ except: [payment_methods] }', { except: ['payment_methods'] }],
  ])('%s', async (text, expected) => {
    expect((await load(`${RECHARGE}\n${DUCKDB}\nstreams: ${text}`)).streams).toEqual(expected)
  })

  test.each([
    ['[charges, order]', 'there is no stream order; did you mean orders?'],
    ['[frobnicate]', 'there is no stream frobnicate'],
    ['{ except: [payment_method] }', 'there is no stream payment_method; did you mean payment_methods?'],
    ['charges', 'should be all, a list, or except: with a list, not "charges"'],
    ['{ only: [charges] }', 'should be all, a list, or except: with a list'],
    ['[1]', 'should be all, a list, or except: with a list'],
  ])('%s is refused', async (text, problem) => {
    expect(await problems(`${RECHARGE}\n${DUCKDB}\nstreams: ${text}`)).toEqual([`streams @3: ${problem}`])
  })
})

test('a relative path starts in the folder of the file, not in the working directory', () =>
  withFolder(async folder => {
    const file = join(folder, 'sync.config.yaml')
    writeFileSync(file, `${RECHARGE}\ndestination: { duckdb: ../state/my.duckdb }`)
    expect(loadConfig(file, STREAMS, {}).destination).toMatchObject({ file: join(folder, '../state/my.duckdb') })
    writeFileSync(file, `${RECHARGE}\ndestination: { duckdb: /state/my.duckdb }`)
    expect(loadConfig(file, STREAMS, {}).destination).toMatchObject({ file: '/state/my.duckdb' })
  }))

describe('a file that cannot be read as YAML', () => {
  test.each([
    ['a tab', `${RECHARGE}\ndestination:\n\tduckdb: a`, 3, 'Tabs are not allowed as indentation'],
    ['a quote that is not closed', `${RECHARGE}\ndestination:\n  duckdb: "a`, 3, 'Missing closing "quote'],
    ['a key twice', `${RECHARGE}\n${DUCKDB}\n${RECHARGE}`, 3, 'Map keys must be unique'],
    ['one bracket too many', `${RECHARGE}\n${DUCKDB}\nstreams: [a]]`, 3, 'Unexpected flow-seq-end token in YAML'],
  ])('%s', async (_what, text, line, message) => {
    const { problems: found } = await refusal(text)
    expect(found[0]).toMatchObject({ path: '', line })
    expect(found[0]?.message).toContain(message)
    expect(found[0]?.message).not.toMatch(/\n| at line /)
  })

  test('an alias without an anchor', async () => {
    expect((await problems(`recharge: { token: *x }\n${DUCKDB}`))[0]).toContain('Unresolved alias')
  })

  test('aliases that multiply', async () => {
    const list = (name: string, of: string): string => `${name}: &${name} [${Array(12).fill(`*${of}`).join(', ')}]`
    const text = ['a: &a x', list('b', 'a'), list('c', 'b'), list('d', 'c')].join('\n')
    expect((await problems(text))[0]).toContain('Excessive alias count')
  })

  test.each([
    ['an empty file', ''],
    ['a file with only a comment', '# nothing\n'],
  ])('%s: both sections are missing', async (_what, text) => {
    expect(await problems(text)).toEqual(['recharge @null: is missing', 'destination @null: is missing'])
  })

  test.each(['- a\n- b', 'hello', '5'])('%j is not an object', async text => {
    expect(await problems(text)).toEqual([' @null: should be an object'])
  })
})

test('a missing file is reported with the next step', () =>
  withFolder(async folder => {
    const file = join(folder, 'none.yaml')
    expect(() => loadConfig(file, STREAMS, {})).toThrow(ConfigError)
    expect(() => loadConfig(file, STREAMS, {})).toThrow(
      `${file} is not usable:\n  ${file}: there is no such file; name another with --config`,
    )
  }))

test('a folder instead of a file is a problem of the configuration, not a bug', () =>
  withFolder(async folder => {
    expect(() => loadConfig(folder, STREAMS, {})).toThrow(ConfigError)
  }))

test.each([
  ['500ms', 500],
  ['30s', 30_000],
  ['15m', 900_000],
  ['2h', 7_200_000],
  ['1d', 86_400_000],
  ['0s', 0],
  ['', null],
  ['1', null],
  ['1w', null],
  ['1.5h', null],
  ['1 h', null],
  ['h', null],
  ['1H', null],
])('the duration %j is %s ms', (text, expected) => {
  expect(durationMs(text)).toBe(expected)
})

describe('policies of columns', () => {
  const problemsWith = (text: string): Promise<string[]> => problems(`${RECHARGE}\n${DUCKDB}\n${text}\n`)

  test('sensitive columns are hashed by default', async () => {
    expect((await load(`${RECHARGE}\n${DUCKDB}\n`)).policies).toEqual({
      sensitive: 'hash',
      columns: {},
      onMismatch: 'null',
      drift: 'capture',
    })
    const text =
      'sensitive: omit\ncolumns: { customers: { email: hash, phone: omit }, orders__line_items: { sku: hash } }'
    expect((await load(`${RECHARGE}\n${DUCKDB}\n${text}\n`)).policies).toEqual({
      sensitive: 'omit',
      onMismatch: 'null',
      drift: 'capture',
      columns: { customers: { email: 'hash', phone: 'omit' }, orders__line_items: { sku: 'hash' } },
    })
  })

  test('on_mismatch: reject sets whole records aside', async () => {
    expect((await load(`${RECHARGE}\n${DUCKDB}\non_mismatch: reject\n`)).policies.onMismatch).toBe('reject')
  })

  test.each(['null', '"null"', '~'])('on_mismatch: %s is the policy `null`, however YAML parses it', async text => {
    const { policies } = await load(`${RECHARGE}\n${DUCKDB}\non_mismatch: ${text}\n`)
    expect(policies.onMismatch).toBe('null')
  })

  const CASES = [
    ['on_mismatch: nul', 'on_mismatch @3: should be reject or null, not "nul"'],
    ['drift: evovle', 'drift @3: should be capture, evolve or fail, not "evovle"'],
    ['sensitive: hsah', 'sensitive @3: should be keep, hash or omit, not "hsah"'],
    [
      'columns: { custmers: { email: hash } }',
      'columns.custmers @3: there is no table custmers; did you mean customers?',
    ],
    [
      'columns:\n  customers:\n    emial: hash',
      'columns.customers.emial @5: customers has no declared column emial; did you mean email?',
    ],
    [
      'columns: { orders__lineitems: { sku: omit } }',
      'columns.orders__lineitems @3: there is no table orders__lineitems; did you mean orders__line_items?',
    ],
    ['columns: { customers: { email: hide } }', 'columns.customers.email @3: should be keep, hash or omit, not "hide"'],
    [
      'columns: { customers: { id: omit } }',
      'columns.customers.id @3: cannot be omitted: the sync of customers needs its value; set it to keep',
    ],
    [
      'columns: { customers: { updated_at: hash } }',
      'columns.customers.updated_at @3: cannot be hashed: the sync of customers needs its value; set it to keep',
    ],
    [
      'columns: { charges: { status: hash } }',
      'columns.charges.status @3: cannot be hashed: the sync of charges needs its value; set it to keep',
    ],
    [
      'columns: { charges: { total_price: hash } }',
      'columns.charges.total_price @3: cannot be hashed: a hash is text, and the column is money; set it to omit',
    ],
  ] as const

  test.each(CASES)('%j is reported', async (text, expected) => {
    expect(await problemsWith(text)).toEqual([expected])
  })
})

describe('analytics', () => {
  test('the settings of the views are read', async () => {
    const config = await load(
      [
        RECHARGE,
        DUCKDB,
        'views: false',
        'fivetran_views: true',
        'analytics:',
        '  zone: Europe/Berlin',
        '  excluded_skus: [GIFT-1]',
        '  reason_groups: { price: [zu teuer] }',
        '  error_groups: { customer: [CARD_EXPIRED], shop: [OUT_OF_STOCK] }',
        'materialize: { except: [orders] }',
        'history: []',
      ].join('\n'),
    )
    expect(config).toMatchObject({
      views: false,
      fivetranViews: true,
      history: [],
      analytics: {
        zone: 'Europe/Berlin',
        excludedSkus: ['GIFT-1'],
        reasonGroups: { price: ['zu teuer'] },
        errorGroups: { customer: ['CARD_EXPIRED'], shop: ['OUT_OF_STOCK'] },
      },
      materialize: { add: [], except: ['orders'] },
    })
    expect((await load(`${RECHARGE}\n${DUCKDB}\nanalytics: { zone: store }\n`)).analytics.zone).toBe('store')
  })

  test.each([
    ['zone: Europe/Berln', 'is no time zone; did you mean Europe/Berlin?; a zone has a name such as Europe/Berlin'],
    ['zone: "+05:30"', 'is no time zone; a zone has a name such as Europe/Berlin'],
    ['zone: ""', 'is no time zone'],
    ['zones: UTC', 'unknown; did you mean zone?'],
    ['error_groups: { a: [X, Y], b: [X] }', 'has X in two places; a type belongs to one group'],
  ])('%s is refused', async (setting, message) => {
    const [problem] = await problems(`${RECHARGE}\n${DUCKDB}\nanalytics:\n  ${setting}\n`)
    expect(problem).toContain(message)
  })

  test('a file that is named as a schema of the views is refused', async () => {
    const [problem] = await problems(`${RECHARGE}\ndestination:\n  duckdb: state/Recharge_Analytics.duckdb\n`)
    expect(problem).toContain('is named as a schema of its views, recharge_analytics')
  })
})

describe('notify and metrics', () => {
  const SECRET = 'made-up-part-of-an-address'
  const given = (text: string): string => `${RECHARGE}\n${DUCKDB}\n${text}\n`

  test('the settings are read, from the environment too, and those without a value have their defaults', async () => {
    const config = await load(
      given(
        'notify:\n  webhook: { url: "${HOOK}" }\n  command: { run: [mail, me], on: always, timeout: 3s }\n  max_age: 2h\nmetrics: { textfile: a.prom, mode: 640 }',
      ),
      { HOOK: `https://hooks.example/${SECRET}` },
    )
    expect(config.notify).toEqual({
      ping: null,
      webhook: { url: `https://hooks.example/${SECRET}`, format: 'json', on: ['failure', 'recovery'] },
      command: { run: ['mail', 'me'], on: ['always'], timeoutMs: 3000 },
      maxAgeMs: 7_200_000,
    })
    expect(config.metrics).toEqual({
      textfile: join(config.directory, 'a.prom'),
      mode: 0o640,
      pushgateway: null,
      job: 'recharge_sync',
    })
  })

  const CASES = [
    ['notify:', 'notify @3: has nothing below it: give it a setting, or take its line out'],
    ['notify: { pin: x }', 'notify.pin @3: unknown; did you mean ping?'],
    [
      'notify: { webhook: { ulr: x } }',
      'notify.webhook.url @3: is missing',
      'notify.webhook.ulr @3: unknown; did you mean url?',
    ],
    [`notify: { ping: ${SECRET} }`, 'notify.ping @3: should be an http: or https: address'],
    [`notify: { webhook: ${SECRET} }`, 'notify.webhook @3: should be an object'],
    [
      `notify: { webhook: { url: "ftp://x/${SECRET}" } }`,
      'notify.webhook.url @3: should be an http: or https: address',
    ],
    [
      `notify: { command: { run: [1, "${SECRET}"] } }`,
      'notify.command.run @3: should be a command for the shell, or a list of a program and its arguments',
    ],
    [
      'notify: { command: { run: x, timeout: 2m } }',
      'notify.command.timeout @3: should be 30s at most: a run waits for it, not "2m"',
    ],
    [
      'notify: { command: { run: x, on: sometimes } }',
      'notify.command.on @3: should be failure, recovery or always, or a list of them, not "sometimes"',
    ],
    ['metrics: { mode: 7777 }', 'metrics.mode @3: should be a mode such as 644, not 7777'],
    ['metrics: { job: a/b }', 'metrics.job @3: should be a name of letters, digits, _ . and -, not "a/b"'],
  ] as const
  test.each(CASES)('%s', async (text, ...expected) => {
    const found = await problems(given(text))
    expect(found).toEqual(expected)
    expect(found.join()).not.toContain(SECRET)
  })

  test('a command that only reads the warehouse needs none of their variables', async () => {
    const text = given('notify: { ping: "${HC_PING}" }')
    expect(await problems(text)).toEqual([
      'notify.ping @3: the environment has no HC_PING; set it, or write ${HC_PING:-default}',
    ])
    await withFolder(async folder => {
      const file = join(folder, 'sync.config.yaml')
      writeFileSync(file, text)
      expect(loadConfig(file, STREAMS, {}, false).notify.ping).toBeNull()
    })
  })

  test('a program that gets the report is told that they are not for it', () => {
    const settings = { recharge: { token: TOKEN }, destination: { duckdb: 'a.duckdb' }, notify: {} }
    expect(() => configFrom(settings, STREAMS)).toThrow(/notify: is for the command line/)
  })
})
