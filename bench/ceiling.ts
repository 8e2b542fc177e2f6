import { type ChildProcess, fork, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cliFlags } from './flags.ts'
import { machine, writeSection } from './section.ts'
import { SHORT_READS, shortReads, shortTable } from './short-read.ts'

/*
 * Which share of the API's rate limit does `sync` use, at different latencies of the API? The bucket has the size of
 * Recharge's and leaks four times as fast, so that the table takes half an hour instead of two. The bucket allows its size
 * and what leaks from it between the requests of the first and the last page. The start of a run costs one latency and its
 * end one or two, so each run lasts a hundred times its latency.
 */
const BUCKET = 40
const PER_SECOND = 8
const PAGE = 250
const ROWS = [
  { latencyMs: 50, pages: 1000 },
  { latencyMs: 500, pages: 1000 },
  { latencyMs: 2000, pages: 2000 },
  { latencyMs: 8000, pages: 7200 },
]
const CLI = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))

interface Measured {
  readonly latencyMs: number
  readonly records: number
  readonly pages: number
  readonly seconds: number
  readonly requests: number
  readonly share: number
  readonly perLeast: number
  readonly throttled: number
  readonly mostInFlight: number
}

const request = <T>(child: ChildProcess, question: unknown): Promise<T> =>
  new Promise(resolve => {
    child.once('message', message => resolve(message as T))
    child.send(question as never)
  })

async function measure({ latencyMs, pages }: (typeof ROWS)[number]): Promise<Measured> {
  const records = pages * PAGE
  const folder = mkdtempSync(join(tmpdir(), 'recharge-sync-bench-'))
  const server = fork(fileURLToPath(new URL('./store-process.ts', import.meta.url)))
  try {
    const store = { records, latencyMs, bucket: BUCKET, perSecond: PER_SECOND }
    const { url, token } = await request<{ url: string; token: string }>(server, store)
    writeFileSync(
      join(folder, 'sync.config.yaml'),
      `recharge:\n  token: ${token}\n  base_url: ${url}\n  rate: { bucket: ${BUCKET}, per_second: ${PER_SECOND} }\ndestination:\n  duckdb: warehouse.duckdb\n`,
    )
    const report = await sync(folder)
    const [stream] = report.streams
    if (report.outcome !== 'complete' || stream.added !== records)
      throw new Error(`not complete: ${JSON.stringify(report).slice(0, 500)}`)
    const seen = await request<{ requests: number; seconds: number; throttled: number; mostInFlight: number }>(
      server,
      'seen',
    )
    return {
      latencyMs,
      records,
      pages,
      ...seen,
      share: seen.requests / (BUCKET + PER_SECOND * seen.seconds),
      perLeast: seen.requests / pages,
    }
  } finally {
    server.kill()
    rmSync(folder, { recursive: true, force: true })
  }
}

// biome-ignore lint/suspicious/noExplicitAny: the report as another process printed it
function sync(folder: string): Promise<any> {
  const args = [
    ...cliFlags(),
    CLI,
    'sync',
    '--streams',
    'customers',
    '--json',
    '--no-progress',
    '--log-level',
    'silent',
  ]
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
  let out = ''
  child.stdout.on('data', data => {
    out += data
  })
  return new Promise((resolve, reject) => {
    child.on('close', code =>
      code === 0 ? resolve(JSON.parse(out)) : reject(new Error(`sync exited with ${code}: ${out}`)),
    )
  })
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`

function table(rows: readonly Measured[]): string {
  return [
    `Bucket of ${BUCKET}, ${PER_SECOND} requests a second; DuckDB; ${machine()}`,
    '',
    '| latency of a page | records | seconds | requests | share of what the bucket allowed | requests ÷ least possible | 429 | most in flight |',
    '| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...rows.map(
      r =>
        `| ${r.latencyMs} ms | ${r.records} | ${r.seconds.toFixed(0)} | ${r.requests} | ${percent(r.share)} | ${r.perLeast.toFixed(3)} | ${r.throttled} | ${r.mostInFlight} |`,
    ),
  ].join('\n')
}

const [which, ...more] = process.argv.slice(2)
if (which === 'short' || which === undefined) {
  const runs = Number(more[0] ?? 3)
  const short = await shortReads(SHORT_READS, runs)
  console.log(`\n${shortTable(short)}`)
  if (runs > 1) writeSection('short', shortTable(short))
  if (short.some(r => r.share < r.target || r.throttled > 0)) process.exitCode = 1
}
const rows: Measured[] = []
const only = which === 'short' ? [0] : process.argv.slice(2).map(Number)
for (const row of ROWS.filter(({ latencyMs }) => only.length === 0 || only.includes(latencyMs))) {
  rows.push(await measure(row))
  console.log(table(rows.slice(-1)).split('\n').at(-1))
}
const result = table(rows)
if (rows.length > 0) console.log(`\n${result}`)
if (only.length === 0) writeSection('ceiling', result)
if (rows.some(r => r.share < 0.97 || r.perLeast > 1.03 || r.throttled > 0)) process.exitCode = 1
