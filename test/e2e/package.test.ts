import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { withFolder } from '../support/destinations.ts'
import { withQuery } from '../support/dump.ts'
import { olderNode } from '../support/older-node.ts'
import { type Ended, runProgram } from '../support/program.ts'
import { makeStore, withSimulator } from '../support/run.ts'

/*
 * The package as npm would publish it: packed once, by the first of the README's commands, and installed once, by the second
 * one.
 */
const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const TSC = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
const README = readFileSync(join(ROOT, 'README.md'), 'utf8')
const LIBRARY = readFileSync(join(ROOT, 'docs', 'library.md'), 'utf8')
const { HOME = '' } = process.env

/** The block of code behind its marker in a document. */
function blockOf(document: string, marker: string): string {
  const found = new RegExp(`<!-- ${marker} -->\\n\`\`\`\\w+\\n([\\s\\S]*?)\`\`\``).exec(document)?.[1]
  if (found === undefined) throw new Error(`there is no code between the marker ${marker} and the code fence`)
  return found
}

/** Command lines, without the comments behind them. */
const COMMANDS = blockOf(README, 'six commands: run by test')
  .split('\n')
  .map(line => line.replace(/\s+#.*/, ''))
  .filter(line => line !== '')

let folder = ''
let remove: () => void = () => {}
let tarball = ''
/** With the Node that runs the tests and npm, and nothing that the checkout has installed. */
let PATH = ''

/** How this machine reaches a registry, where that is not the usual way. */
const REACH = ['NODE_EXTRA_CA_CERTS', 'HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY', 'npm_config_registry']
const reach = Object.fromEntries(REACH.flatMap(name => (process.env[name] ? [[name, process.env[name]]] : [])))

const shell = (command: string, environment: Record<string, string> = {}, at = folder): Promise<Ended> =>
  runProgram(at, 'sh', ['-c', command], { PATH, HOME, ...environment })

beforeAll(async () => {
  await new Promise<void>((resolve, reject) => {
    withFolder(async made => {
      folder = join(made, 'recharge')
      mkdirSync(folder)
      const bin = join(made, 'bin')
      mkdirSync(bin)
      symlinkSync(process.execPath, join(bin, 'node'))
      PATH = [bin, '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter)
      const [pack = '', install = ''] = COMMANDS
      const packed = await shell(pack, { npm_config_pack_destination: made }, ROOT)
      expect([packed.code, pack], packed.stderr).toEqual([0, 'npm pack'])
      const [name = ''] = readdirSync(made).filter(file => file.endsWith('.tgz'))
      tarball = join(made, name)
      // What `npm ci` has downloaded is not downloaded again.
      const environment = { ...reach, npm_config_prefer_offline: 'true' }
      const installed = await shell(install.replace('/path/to/checkout', made), environment)
      expect(installed.code, installed.stderr).toBe(0)
      resolve()
      await new Promise<void>(removed => {
        remove = removed
      })
    }).catch(reject)
  })
}, 300_000)
afterAll(() => remove())

test('the six commands of the README lead from an empty folder to a synced warehouse and its page', async () => {
  expect(COMMANDS).toHaveLength(6)
  await withSimulator({ store: makeStore({ customers: 10, months: 2 }) }, async simulator => {
    const [init = '', sync = '', status = '', report = ''] = COMMANDS.slice(2)
    const given = { RECHARGE_SYNC_BASE_URL: simulator.url, RECHARGE_ACCESS_TOKEN: simulator.token }
    const made = await shell(init, given)
    expect([made.code, made.stderr]).toEqual([0, ''])
    expect(made.stdout).toContain(`${join(folder, 'node_modules/recharge-sync/dist/src/cli/main.js')} sync`)
    // From here on nothing is in the environment: the files have it.
    const synced = await shell(sync)
    expect(synced.code, synced.stderr).toBe(0)
    const [table, written] = [await shell(status), await shell(report)]
    expect([table.code, written.code]).toEqual([0, 0])
    expect(table.stdout).toMatch(/^customers +/m)
    expect(readFileSync(join(folder, 'report.html'), 'utf8')).toContain('<!doctype html>')
    const warehouse = { kind: 'duckdb', file: join(folder, 'state/warehouse.duckdb'), schema: 'recharge' } as const
    const counted = await withQuery(warehouse, query =>
      query('select cast(count(*) as text) as n from recharge.customers where _deleted_at is null'),
    )
    expect(counted[0]?.n).toBe(String(simulator.store.count('customers')))
  })
}, 300_000)

test('the installed command knows its version, shows itself as it is started, and needs no settings for a sync', async () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  expect(await shell('npx recharge-sync --version')).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
  const help = await shell('npx recharge-sync plan --help')
  expect(help.stdout).toContain('\n  npx recharge-sync plan --streams charges\n')
  await withSimulator({ store: makeStore({ customers: 5, months: 1 }) }, simulator =>
    withFolder(async empty => {
      const given = {
        RECHARGE_ACCESS_TOKEN: simulator.token,
        DESTINATION: 'all.duckdb',
        RECHARGE_SYNC_BASE_URL: simulator.url,
        RECHARGE_SYNC_STREAMS: 'customers',
      }
      const command = `${join(folder, 'node_modules/.bin/recharge-sync')} sync`
      const synced = await shell(command, given, empty)
      expect(synced.code, synced.stderr).toBe(0)
      expect(readdirSync(empty).sort()).toEqual(['all.duckdb', 'state'])
      const wrong = await shell(command, { ...given, RECHARGE_SYNC_STREAMS: 'customer' }, empty)
      expect([wrong.code, wrong.stderr]).toEqual([
        2,
        'the environment is not usable:\n  RECHARGE_SYNC_STREAMS: there is no stream customer; did you mean customers?\nCorrect it and run again.\n',
      ])
    }),
  )
})

test('with an older Node the installed command says in one sentence what it needs', async () => {
  const older = olderNode()
  if (older === null) {
    console.log('The installed command was not tried with an older Node: this machine has none before 22.12')
    return
  }
  for (const args of ['--version', 'sync']) {
    const { code, stdout, stderr } = await shell(`node_modules/.bin/recharge-sync ${args}`, {
      PATH: `${older}:/usr/bin:/bin`,
    })
    expect([code, stdout]).toEqual([3, ''])
    expect(stderr).toMatch(/^recharge-sync needs Node 22\.12 or newer, and this is Node \d+\.\d+\.\d+: [^\n]*\.\n$/)
  }
})

test('publint and arethetypeswrong find nothing in the packed file', async () => {
  const data = readFileSync(tarball)
  const pkgDir = join(folder, 'node_modules', 'recharge-sync')
  const { messages } = await publint({ pkgDir, pack: false, strict: true })
  expect(messages).toEqual([])
  const checked = await checkPackage(createPackageFromTarballData(data))
  if (!checked.types) throw new Error('the packed file has no types')
  // Node 22.12 and newer can require a module; older ones, and their way to look for files, are not promised.
  const problems = checked.problems.filter(
    problem =>
      problem.kind !== 'CJSResolvesToESM' && !('resolutionKind' in problem && problem.resolutionKind === 'node10'),
  )
  expect(problems).toEqual([])
})

test('the packed file has what its texts name, and none of the sources', () => {
  const installed = join(folder, 'node_modules', 'recharge-sync')
  expect(readdirSync(installed).sort()).toEqual(
    [
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'SECURITY.md',
      'deploy',
      'dist',
      'docs',
      'package.json',
      'sync.config.yaml',
    ].sort(),
  )
  for (const [, link = ''] of README.matchAll(/\]\((?!https?:|#)([^)#]+)/g))
    if (link !== 'CONTRIBUTING.md') expect(() => readFileSync(join(installed, link)), link).not.toThrow(/ENOENT/)
})

test('a program imports the package with its types and syncs, without environment and without output', async () => {
  await withSimulator({}, simulator =>
    withFolder(async program => {
      // Exactly the dependencies that the package names, and no others: an undeclared one is found.
      symlinkSync(join(folder, 'node_modules'), join(program, 'node_modules'))
      mkdirSync(join(program, 'types'))
      symlinkSync(join(ROOT, 'node_modules/@types/node'), join(program, 'types', 'node'))
      writeFileSync(join(program, 'package.json'), JSON.stringify({ type: 'module' }))
      writeFileSync(join(program, 'program.ts'), blockOf(LIBRARY, 'library example: checked by test'))
      const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024']
      const types = ['--typeRoots', 'types', '--types', 'node']
      const typed = await runProgram(program, process.execPath, [TSC, ...options, ...types, 'program.ts'])
      expect([typed.code, typed.stdout]).toEqual([0, ''])
      const before = readdirSync(program)
      const ran = await runProgram(program, process.execPath, ['program.ts', simulator.token, simulator.url])
      expect(ran).toEqual({ code: 0, stdout: '', stderr: '' })
      // Nothing but the warehouse and what the program itself writes.
      expect(
        readdirSync(program)
          .filter(name => !before.includes(name))
          .sort(),
      ).toEqual(['result.json', 'warehouse.duckdb'])
      const { report, events } = JSON.parse(readFileSync(join(program, 'result.json'), 'utf8'))
      expect(report).toMatchObject({ outcome: 'complete', problem: null })
      const customers = simulator.store.all('customers').length
      expect(report.streams).toMatchObject([
        { stream: 'customers', outcome: 'complete', added: customers },
        { stream: 'orders', outcome: 'complete' },
      ])
      expect(events).toEqual(expect.arrayContaining(['started customers', 'ended customers', 'ended orders']))
      const warehouse = { kind: 'duckdb', file: join(program, 'warehouse.duckdb'), schema: 'recharge' } as const
      const [rows] = await withQuery(warehouse, query =>
        query('select cast(count(*) as text) as n from recharge.customers'),
      )
      expect(rows?.n).toBe(String(customers))
    }),
  )
})
