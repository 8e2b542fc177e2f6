import { type ChildProcess, fork, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cliFlags } from './flags.ts'
import { machine, writeSection } from './section.ts'
import { answer } from './sync-process.ts'

/*
 * Does a long backfill need more memory than a short one? Measures the peak resident size of a `backfill` process. The store
 * has no rate limit, so pages arrive faster than they are committed. Views are made after the load and read whole tables, so
 * the two are measured apart.
 */
const SIZES = [100_000, 1_000_000]
const CLI = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))
const PEAK = fileURLToPath(new URL('./peak.ts', import.meta.url))

const process_ = (file: string): ChildProcess => fork(fileURLToPath(new URL(file, import.meta.url)))

interface Measured {
  readonly destination: string
  readonly views: boolean
  readonly records: number
  readonly seconds: number
  readonly megabytes: number
}

async function measure(destination: string, records: number, views: boolean): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'recharge-sync-bench-'))
  const server = process_('./store-process.ts')
  const database = destination === 'postgres' ? process_('../test/support/postgres-process.ts') : null
  try {
    const where = database ? `postgres: ${await answer<string>(database)}` : 'duckdb: warehouse.duckdb'
    server.send({ records, latencyMs: 0, bucket: 1_000_000, perSecond: 100_000 })
    const { url, token } = await answer<{ url: string; token: string }>(server)
    writeFileSync(
      join(folder, 'sync.config.yaml'),
      `recharge:\n  token: ${token}\n  base_url: ${url}\n  rate: { bucket: 1000000, per_second: 100000 }\ndestination:\n  ${where}\nviews: ${views}\n`,
    )
    const began = performance.now()
    await backfill(folder)
    const seconds = (performance.now() - began) / 1000
    const { megabytes } = JSON.parse(readFileSync(join(folder, 'peak'), 'utf8'))
    return { destination, views, records, seconds, megabytes }
  } finally {
    server.kill()
    database?.disconnect()
    rmSync(folder, { recursive: true, force: true })
  }
}

function backfill(folder: string): Promise<void> {
  const args = [
    ...cliFlags(),
    '--import',
    PEAK,
    CLI,
    'backfill',
    '--streams',
    'customers',
    '--no-progress',
    '--log-level',
    'silent',
  ]
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] })
  return new Promise((resolve, reject) => {
    child.on('close', code => (code === 0 ? resolve() : reject(new Error(`backfill exited with ${code}`))))
  })
}

const rows: (Measured & { readonly ratio: number | null })[] = []
for (const destination of ['duckdb', 'postgres'])
  for (const views of [false, true]) {
    let small: number | null = null
    for (const records of SIZES) {
      const measured = await measure(destination, records, views)
      rows.push({ ...measured, ratio: small === null ? null : measured.megabytes / small })
      small ??= measured.megabytes
    }
  }
const result = [
  machine(),
  '',
  '| destination | views | records | seconds | peak resident size | ÷ that of the smaller |',
  '| --- | --- | ---: | ---: | ---: | ---: |',
  ...rows.map(
    r =>
      `| ${r.destination} | ${r.views ? 'made at the end' : 'none'} | ${r.records} | ${r.seconds.toFixed(0)} | ${r.megabytes} MB | ${r.ratio?.toFixed(2) ?? ''} |`,
  ),
].join('\n')
console.log(result)
writeSection('memory', result)
if (rows.some(({ ratio, views }) => !views && ratio !== null && ratio > 1.3)) process.exitCode = 1
