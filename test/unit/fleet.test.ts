import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { STREAMS } from '../../src/cli/app.ts'
import { loadFleet } from '../../src/cli/config/fleet.ts'
import { loadConfig } from '../../src/cli/config/load.ts'
import { messageOf, slackText } from '../../src/cli/notify/message.ts'
import { metricsText } from '../../src/cli/notify/metrics-text.ts'
import { ConfigError } from '../../src/common/errors.ts'
import type { Instant, RunId } from '../../src/common/model.ts'
import type { RunReport } from '../../src/common/run-report.ts'
import { withFolder } from '../support/destinations.ts'

const NOW = '2026-11-29T12:00:00Z' as Instant

const load = (text: string, environment: Record<string, string> = {}, only: string | null = null) =>
  withFolder(async folder => {
    const file = join(folder, 'fleet.config.yaml')
    writeFileSync(file, text)
    return loadFleet(file, STREAMS, environment, { only })
  })

async function problemsOf(text: string, environment: Record<string, string> = {}): Promise<readonly string[]> {
  try {
    await load(text, environment)
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.problems.map(({ path, line, message }) => `${line} ${path} ${message}`)
  }
}

const GOOD = `
defaults:
  destination: { postgres: "\${DB}" }
  recharge: { budget: 50%, token_file: nowhere }
  columns: { customers: { email: hash } }
  schedule: 17 * * * *
at_once: 3
memory: 1GB
stores:
  - name: north-sea
    recharge: { token: "\${NORTH}" }
  - name: south
    recharge: { token: "\${SOUTH}" }
    destination: { duckdb: state/south.duckdb }
    columns: { customers: { phone: omit } }
    schedule: 5 4 * * *
`
const ENVIRONMENT = {
  DB: 'postgres://user:secret@db.example.com/shop',
  NORTH: 'token-of-north',
  SOUTH: 'token-of-south',
}

describe('the file of a fleet', () => {
  test('a store has the settings of all, and its own over them', async () => {
    const { stores, atOnce, memoryMb, secrets } = await load(GOOD, ENVIRONMENT)
    expect({ atOnce, memoryMb }).toEqual({ atOnce: 3, memoryMb: 1024 })
    expect(secrets).toEqual(expect.arrayContaining(Object.values(ENVIRONMENT)))
    expect(stores.map(({ name, schedule }) => [name, schedule])).toEqual([
      ['north-sea', '17 * * * *'],
      ['south', '5 4 * * *'],
    ])
    const [north, south] = stores.map(({ config }) => config)
    expect(north).toMatchObject({
      store: 'north-sea',
      recharge: { token: 'token-of-north', budget: 0.5 },
      // Its name is a good name for its schema.
      destination: { kind: 'postgres', schema: 'north_sea' },
      policies: { columns: { customers: { email: 'hash' } } },
    })
    expect(south).toMatchObject({
      destination: { kind: 'duckdb', schema: 'recharge' },
      policies: { columns: { customers: { email: 'hash', phone: 'omit' } } },
    })
  })

  test('what only another store needs is not asked for', async () => {
    const { stores } = await load(GOOD, { SOUTH: 'token-of-south' }, 'south')
    expect(stores.map(({ name }) => name)).toEqual(['south'])
    await expect(load(GOOD, {}, 'sooth')).rejects.toThrow('there is no store sooth; did you mean south?')
  })

  test('five mistakes of different kinds are all named, each with its line', async () => {
    const text = `
defaults:
  destination: { postgres: "\${DB}" }
  recharge: { timeout: soon }
at_once: none
stores:
  - name: ash
    recharge: { token: one }
  - name: birch
    recharge: { token: one }
    destination: { schema: ash }
    steams: [orders]
  - name: Cedar
    recharge: { token: three }
  - name: ash
    recharge: { token: four }
  - name: elm
    recharge: { token: "\${ELM}" }
    schedule: hourly
`
    expect(await problemsOf(text, ENVIRONMENT)).toEqual([
      '4 defaults.recharge.timeout should be a number with a unit: 30s, 15m, 2h or 1d, not "soon"',
      '5 at_once should be a number, not "none"',
      '9 stores.birch.recharge.token is that of ash (line 7) too; each store has a token of its own',
      '9 stores.birch.destination is the schema ash of db.example.com:5432/shop, as that of ash (line 7); give each store its own',
      '12 stores.birch.steams unknown; did you mean streams?',
      '13 stores[2].name should be a lower-case name of at most 58 letters, digits, - and _, such as acme',
      '15 stores[3].name two stores are named ash, the other one in line 7',
      `18 stores.elm.recharge.token the environment has no ELM; set it, or write \${ELM:-default}`,
      '19 stores.elm.schedule should be a cron expression with five fields, such as 17 * * * *',
    ])
  })

  test('no secret is in a message', async () => {
    const found = await problemsOf(GOOD.replace('postgres: "', 'postgress: "'), ENVIRONMENT)
    expect(found.length).toBeGreaterThan(0)
    for (const secret of ['secret', 'token-of']) expect(found.join('\n')).not.toContain(secret)
  })

  test('two stores in one file of DuckDB, and one token in two files', () =>
    withFolder(async folder => {
      for (const name of ['a', 'b']) writeFileSync(join(folder, name), 'the same token\n'.replaceAll(' ', '_'))
      const file = join(folder, 'fleet.config.yaml')
      writeFileSync(
        file,
        `
defaults: { destination: { duckdb: state/all-of-them.duckdb, read_copy: state/read.duckdb } }
stores:
  - { name: ash, recharge: { token_file: a } }
  - { name: birch, recharge: { token_file: b } }
`,
      )
      expect(() => loadFleet(file, STREAMS, {})).toThrow(
        /that of ash .* too[\s\S]*all-of-them.duckdb, as that of ash[\s\S]*read.duckdb, as that of ash/,
      )
    }))

  test('the file of a single store and that of a fleet are told apart', () =>
    withFolder(async folder => {
      const file = join(folder, 'one.yaml')
      writeFileSync(file, GOOD)
      expect(() => loadConfig(file, STREAMS, ENVIRONMENT)).toThrow('name one of its stores with --store')
      writeFileSync(file, 'recharge: { token: x }\ndestination: { duckdb: a.duckdb }\n')
      expect(() => loadFleet(file, STREAMS, {})).toThrow('a fleet is a list of stores')
    }))

  test('a variable inside braces needs quotes, and the message says so', async () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the syntax of the file
    const [problem = ''] = await problemsOf('defaults: { destination: { postgres: ${DB} } }\nstores: []\n')
    expect(problem).toContain('put quotes around')
  })
})

test('a message about a store of a fleet names the store, and so does each figure', () => {
  const ended = { command: 'sync', run: null, at: NOW, exit_code: 1, destination: 'here', report: null }
  const open = [{ about: 'sync', stream: null, code: 'x', message: 'm', next: 'n', since: NOW, run: null }] as const
  const of = (store: string | null) => messageOf({ ...ended, store }, 'failure', open, [])
  expect(of('acme').store).toBe('acme')
  expect(slackText(of('acme'))).toContain('something is wrong: acme*')
  expect(slackText(of(null))).toContain('something is wrong*')
  const measured = { exitCode: 0, destination: 'here', perSecond: 2, lastSuccess: null, streams: [], open: [] }
  const report = { run: '1' as RunId, started_at: NOW, finished_at: NOW, outcome: 'complete', requests: 3 } as RunReport
  expect(metricsText({ ...measured, report, store: 'acme' })).toContain(
    'recharge_sync_last_run_requests{destination="here",store="acme"} 3\n',
  )
  expect(metricsText({ ...measured, report, store: null })).toContain(
    'recharge_sync_last_run_requests{destination="here"} 3\n',
  )
})
