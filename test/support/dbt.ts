import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { yamlText } from '../../src/cli/config/yaml-text.ts'
import type { DestinationConfig } from './destinations.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const FOLDER = join(ROOT, '.venv-dbt')
const PYTHON = join(FOLDER, 'bin', 'python')

/** Why dbt cannot be run here; null: it can. */
export const NO_DBT: string | null = whyNot()
if (NO_DBT) console.log(NO_DBT)

function whyNot(): string | null {
  const installed = join(FOLDER, 'installed.txt')
  const skipped = 'the tests of dbt did not run'
  if (!existsSync(installed))
    return `dbt is not installed in .venv-dbt, which .ci/run makes where it finds Python and a package index: ${skipped}`
  const pins = readFileSync(join(ROOT, '.ci', 'dbt-requirements.txt'), 'utf8')
  return readFileSync(installed, 'utf8') === pins
    ? null
    : `.venv-dbt has other versions than .ci/dbt-requirements.txt: ${skipped}`
}

/** Neither logs nor files of results: they are a third of what dbt takes. */
const QUIETLY = ['--log-level', 'none', '--log-level-file', 'none', '--no-write-json']

/** What dbt says of one test, model or source. */
export interface DbtResult {
  readonly name: string
  readonly status: string
  readonly failures: number | null
  readonly message: string | null
}

interface Answer {
  readonly ok: boolean
  readonly problem: string | null
  readonly results: readonly DbtResult[]
}

export interface Dbt {
  /** Runs a command. @throws {Error} if dbt itself fails; a test that fails is a result. */
  run(...args: readonly string[]): Promise<readonly DbtResult[]>
}

export interface DbtProject {
  readonly folder: string
  /** The sources file is to be written here. */
  readonly sources: string
}

/** Makes a project that reads the warehouse as docs/dbt.md says: a DuckDB file is attached, and only read. */
export function makeProject(
  folder: string,
  warehouse: DestinationConfig,
  vars: Record<string, unknown> = {},
): DbtProject {
  mkdirSync(join(folder, 'models'), { recursive: true })
  const attached = warehouse.kind === 'duckdb' ? { recharge_database: 'warehouse' } : {}
  writeFileSync(
    join(folder, 'dbt_project.yml'),
    yamlText({ name: 'analysts', version: '1.0.0', profile: 'analysts', vars: { ...attached, ...vars } }),
  )
  writeFileSync(
    join(folder, 'profiles.yml'),
    yamlText({ analysts: { target: 'test', outputs: { test: outputOf(warehouse) } } }),
  )
  return { folder, sources: join(folder, 'models', 'recharge.yml') }
}

function outputOf(warehouse: DestinationConfig): Record<string, unknown> {
  if (warehouse.kind === 'duckdb')
    return {
      type: 'duckdb',
      path: ':memory:',
      threads: 1,
      attach: [{ path: warehouse.file, alias: 'warehouse', read_only: true }],
    }
  const { hostname, port, username, password, pathname } = new URL(warehouse.url)
  return {
    type: 'postgres',
    host: hostname,
    port: Number(port),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    dbname: pathname.slice(1),
    schema: 'dbt',
    threads: 1,
  }
}

/** dbt in a process of its own, which ends with the callback. While it runs, it may keep a DuckDB file open. */
export async function withDbt<T>({ folder }: DbtProject, work: (dbt: Dbt) => Promise<T>): Promise<T> {
  const child = spawn(PYTHON, [fileURLToPath(new URL('./dbt-worker.py', import.meta.url))], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: folder, DBT_SEND_ANONYMOUS_USAGE_STATS: 'false' },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let log = ''
  child.stderr.on('data', data => {
    log += data
  })
  const lines = createInterface({ input: child.stdout })
  const ended = new Promise<null>(resolve => child.once('exit', () => resolve(null)))
  try {
    return await work({
      async run(...args) {
        const flags = [...QUIETLY, '--project-dir', folder, '--profiles-dir', folder]
        const answered = new Promise<string>(resolve => lines.once('line', resolve))
        child.stdin.write(`${JSON.stringify([...args, ...flags])}\n`)
        const line = await Promise.race([answered, ended])
        if (line === null) throw new Error(`dbt ended: ${log}`)
        const { problem, results } = JSON.parse(line) as Answer
        if (problem !== null || results.length === 0) throw new Error(`dbt ${args.join(' ')}: ${problem}\n${log}`)
        return results
      },
    })
  } finally {
    child.stdin.end()
    await ended
  }
}
