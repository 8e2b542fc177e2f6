import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { chargesCsv } from '../support/charges-csv.ts'
import { cli, type Exited, writeConfig } from '../support/cli.ts'
import { withFolder } from '../support/destinations.ts'
import { olderNode } from '../support/older-node.ts'
import { makeStore, withSimulator } from '../support/run.ts'

const TOKEN = 'sk_test_0123456789'

interface Given {
  readonly url?: string
  readonly destination?: string
  readonly more?: string
}

/** Nothing listens at the default address: what gets as far as a request fails there. */
const config = ({
  url = 'http://127.0.0.1:9',
  destination = 'duckdb: warehouse.duckdb',
  more = '',
}: Given = {}): string => `
recharge:
  token: \${RECHARGE_ACCESS_TOKEN}
  base_url: ${url}
  rate: { bucket: 100000, per_second: 10000 }
destination:
  ${destination}
${more}`

const environment = { RECHARGE_ACCESS_TOKEN: TOKEN }
const said = ({ stdout, stderr }: Exited): string => stdout + stderr

/** The code, the thing that is wrong, and the next step. A user's mistake is no bug. */
function expectExit(exited: Exited, code: number, ...texts: readonly (string | RegExp)[]): void {
  expect([exited.code, exited.signal], said(exited)).toEqual([code, null])
  for (const text of texts) expect(said(exited)).toMatch(text)
  expect(said(exited)).not.toContain('This is a bug')
}

describe('2: the configuration or the command line is wrong, and nothing was contacted', () => {
  const PASSWORD = 'Tr0ub4dor/Zz9staple'
  const cases: readonly (readonly [string, string, readonly string[], RegExp, RegExp])[] = [
    [
      'K7/30 md:',
      config({ destination: 'duckdb: "md:x"' }),
      ['sync'],
      /destination\.duckdb \(line 7\)/,
      /such as state\/warehouse\.duckdb/,
    ],
    [
      'K7/32 pg_catalog',
      config({ destination: '{ duckdb: a.duckdb, schema: pg_catalog }' }),
      ['check'],
      /destination\.schema \(line 7\)/,
      /choose another name/,
    ],
    [
      'K7/33 password',
      config({ destination: `postgres: "postgres://u:${PASSWORD}@localhost/db"` }),
      ['sync'],
      /destination\.postgres \(line 7\)/,
      /percent-encode it/,
    ],
    [
      'K7/34 sslrootcert',
      config({ destination: 'postgres: "postgres://u:p@localhost/db?sslmode=verify-full&sslrootcert=/gone/ca.crt"' }),
      ['check'],
      /\/gone\/ca\.crt/,
      /there is no such file/,
    ],
    ['K7/40 streams: []', config({ more: 'streams: []' }), ['sync'], /streams \(line 8\)/, /at least one/],
    ['K7/40 --streams a,,b', config(), ['sync', '--streams', 'orders,,charges'], /--streams/, /one comma/],
  ]

  test.each(cases)('%s', (_name, text, args, thing, next) =>
    withFolder(async folder => {
      writeConfig(folder, text)
      const exited = await cli(folder, args, environment)
      expectExit(exited, 2, thing, next)
      expect(exited.stdout).toBe('')
      for (const part of PASSWORD.split('/')) expect(said(exited)).not.toContain(part)
      expect(readdirSync(folder)).toEqual(['sync.config.yaml'])
    }),
  )

  test('K7/39: an id that a spreadsheet has shortened', () =>
    withFolder(async folder => {
      writeConfig(folder, config())
      const [charge] = makeStore({ customers: 5, months: 2 }).all('charges')
      if (!charge) throw new Error('the store has no charges')
      const csv = chargesCsv([{ ...charge, status: 'success' }])
      for (const id of ['1.23457E+11', '1,23457e+11']) {
        writeFileSync(join(folder, 'charges.csv'), csv.replaceAll(`\n${charge.id},`, `\n"${id}",`))
        const exited = await cli(folder, ['import', 'charges', 'charges.csv'], environment)
        expectExit(
          exited,
          2,
          /charges\.csv \(line 3\): has 1[.,]23457e\+11 as id/i,
          /without opening it in a spreadsheet/,
        )
        expect(readdirSync(folder).sort()).toEqual(['charges.csv', 'sync.config.yaml'])
      }
    }))
})

test('0, 1, 3, 4 and 130, one after the other, and what `status` makes of them', () =>
  withSimulator({}, simulator =>
    withFolder(async folder => {
      writeConfig(folder, config({ url: simulator.url, more: 'streams: [customers, webhooks]\nrefresh: 0s' }))
      const token = { RECHARGE_ACCESS_TOKEN: simulator.token }
      const run = (...args: string[]): Promise<Exited> => cli(folder, args, token)
      expectExit(await run('sync', '--no-progress'), 0, /: complete, /)
      expectExit(await run('status'), 0)
      const count = await run('query', '--csv', 'select count(*) > 5 as enough from recharge.customers')
      expect([count.stdout, count.stderr]).toEqual(['enough\ntrue\n', ''])
      // Whoever may read the warehouse need not have a token.
      expectExit(await cli(folder, ['query', 'select 1']), 0)
      expectExit(await cli(folder, ['status']), 0)
      expectExit(await cli(folder, ['plan']), 2, /the environment has no RECHARGE_ACCESS_TOKEN/)
      const wrong = await run('query', 'select nothing from recharge.customers')
      expectExit(wrong, 2, /nothing/, /LINE 1: select nothing from/, /query --list/)
      expect(said(wrong)).not.toMatch(/\.ts:\d|\n +at /)
      expectExit(await run('query', 'drop table recharge.customers'), 2, /`query` only reads/)
      expectExit(await run('query', '--file', 'gone.sql'), 2, /gone\.sql cannot be read/)
      expectExit(await run('query'), 2, /there is no query/)
      expectExit(await run('query', '--csv', '--json', 'select 1'), 2, /cannot be used with/)
      simulator.faults.add({ kind: 'status', status: 422, body: { errors: 'no' }, match: '/webhooks', times: 100 })
      expectExit(await run('sync', '--streams', 'webhooks'), 1, /webhooks failed: .*/, /: failed, /)
      expectExit(await run('status'), 1, /Not right: webhooks/)
      expectExit(await cli(folder, ['sync'], environment), 3, /bad authentication/, /merchant portal/)
      expectExit(await run('status'), 1, /customers, webhooks: .*bad authentication/)

      const blocked = Promise.withResolvers<void>()
      const reached = Promise.withResolvers<void>()
      simulator.faults.before(async ({ path }) => {
        if (path !== '/customers') return
        reached.resolve()
        await blocked.promise
      })
      let interrupt = (): void => {}
      const first = cli(folder, ['sync', '--streams', 'customers'], token, child => {
        interrupt = () => child.kill('SIGINT')
      })
      await reached.promise
      expectExit(await run('sync'), 4, /is open in .*, process \d+/, /Wait until that run ends/)
      expectExit(await run('query', 'select 1'), 4, /is open in .*, process \d+/, /Wait until that run ends/)
      interrupt()
      expectExit(await first, 130, /interrupted/)
      blocked.resolve()
      expectExit(await run('status'), 1, /interrupted/)
    }),
  ))

test('3: there is no warehouse to query yet', () =>
  withFolder(async folder => {
    writeConfig(folder, config())
    expectExit(
      await cli(folder, ['query', 'select 1'], environment),
      3,
      /there is no file .*warehouse/,
      /Run `sync` first/,
    )
    expect(readdirSync(folder)).toEqual(['sync.config.yaml'])
  }))

test('3: a database that cannot be reached, with the next step and without the password', () =>
  withSimulator({}, simulator =>
    withFolder(async folder => {
      const destination = 'postgres: postgres://who:hunter2hunter2@127.0.0.1:9/nowhere'
      writeConfig(folder, config({ url: simulator.url, destination }))
      const exited = await cli(folder, ['check'], { RECHARGE_ACCESS_TOKEN: simulator.token })
      expectExit(exited, 3, /PROBLEM {2}destination: /, /Check that the database runs/)
      expectExit(
        await cli(folder, ['query', 'select 1'], environment),
        3,
        /nothing listens/,
        /Check that the database runs/,
      )
      expect(said(exited)).not.toContain('hunter2hunter2')
    }),
  ))

test('K7/38: an older Node says in one sentence which one is needed', () =>
  withFolder(async folder => {
    const old = olderNode()
    if (old === null) {
      console.log('K7/38 is skipped: this machine has no Node that is older than 22.12')
      return
    }
    // As the build makes it: the same code without its types, started by its first line.
    const source = readFileSync(fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url)), 'utf8')
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    const program = join(folder, 'main.js')
    writeFileSync(program, stripTypeScriptTypes(source), { mode: 0o700 })
    const { status, stdout, stderr } = spawnSync(program, ['sync'], {
      env: { PATH: `${old}${delimiter}/usr/bin${delimiter}/bin` },
      encoding: 'utf8',
    })
    expect([status, stdout]).toEqual([3, ''])
    expect(stderr).toMatch(/^recharge-sync needs Node 22\.12 or newer, and this is Node \d+\.\d+\.\d+: .*\n$/)
  }))
