import { type ChildProcess, fork, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { RunReport } from '../src/common/run-report.ts'
import { cliFlags } from './flags.ts'
import { machine } from './section.ts'
import type { EveryRequest } from './store-process.ts'
import { answer } from './sync-process.ts'

/*
 * Which share of the rate limit does a first sync of a small store use, over all streams? A short read shows what a long
 * one hides: how long it takes until as many requests are in flight as the latency needs, and how its last pages are read.
 * The least possible requests are full pages, one request for each list, and the token. The share is that number, divided by
 * what the bucket allowed from the first request of a list to the last.
 */
const BUCKET = 40
const PAGE = 250
const CLI = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))
const STORE = fileURLToPath(new URL('./store-process.ts', import.meta.url))

export interface ShortRead {
  /** Customers of the shop. Each brings about 20 records. */
  readonly customers: number
  readonly perSecond: number
  readonly latencyMs: number
  /** Share that has to be reached. */
  readonly target: number
  /** `reading`: from the first request of a list. `all`: from the first request of all, that of the token. */
  readonly clock: 'reading' | 'all'
}

const SHORT = { customers: 1900, clock: 'reading' } as const
export const SHORT_READS: readonly ShortRead[] = [
  { ...SHORT, perSecond: 2, latencyMs: 50, target: 0.93 },
  { ...SHORT, perSecond: 2, latencyMs: 500, target: 0.93 },
  { ...SHORT, perSecond: 2, latencyMs: 2000, target: 0.93 },
  { ...SHORT, perSecond: 20, latencyMs: 50, target: 0.9 },
  { ...SHORT, perSecond: 20, latencyMs: 500, target: 0.8 },
  { ...SHORT, perSecond: 20, latencyMs: 2000, target: 0.7 },
  { customers: 900, perSecond: 2, latencyMs: 50, target: 0.9, clock: 'all' },
]

export interface MeasuredShort extends ShortRead {
  readonly records: number
  readonly seconds: number
  readonly requests: number
  readonly least: number
  /** Records sent more than once, as a share of those that there are. */
  readonly readAgain: number
  readonly share: number
  readonly throttled: number
  readonly load: number
  readonly paths: Readonly<Record<string, number>>
}

async function once_(row: ShortRead): Promise<MeasuredShort> {
  const folder = mkdtempSync(join(tmpdir(), 'recharge-sync-bench-'))
  const server: ChildProcess = fork(STORE)
  try {
    server.send({ shop: row.customers, latencyMs: row.latencyMs, bucket: BUCKET, perSecond: row.perSecond })
    const { url, token } = await answer<{ url: string; token: string }>(server)
    writeFileSync(
      join(folder, 'sync.config.yaml'),
      `recharge:\n  token: ${token}\n  base_url: ${url}\n  rate: { bucket: ${BUCKET}, per_second: ${row.perSecond} }\ndestination:\n  duckdb: warehouse.duckdb\nviews: false\n`,
    )
    const [load = 0] = loadavg()
    const report = await sync(folder)
    server.send('every')
    const seen = await answer<EveryRequest>(server)
    const records = report.streams.reduce((sum, { added }) => sum + added, 0)
    const lists = leastRequests(report, seen.paths)
    // The token, and the store that it is of.
    const least = lists + 1
    const seconds = row.clock === 'all' ? seen.seconds : seen.readingSeconds
    const share =
      row.clock === 'all' ? (least - BUCKET) / row.perSecond / seconds : lists / (BUCKET + row.perSecond * seconds)
    const readAgain = seen.records / records - 1
    return { ...row, ...seen, records, seconds, least, share, readAgain, load }
  } finally {
    server.kill()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Requests that full pages would take. A stream of several lists takes at least one for each. */
function leastRequests({ streams }: RunReport, paths: Readonly<Record<string, number>>): number {
  const ofStream = (records: number): number => Math.max(1, Math.ceil(records / PAGE))
  const lists = streams
    .filter(({ outcome }) => outcome === 'complete')
    .map(({ stream, added }) => [stream, added] as const)
  const tasks = Object.keys(paths).filter(path => /^\/async_batches\/.+\/tasks$/.test(path)).length
  return lists.reduce((sum, [stream, added]) => {
    if (stream === 'metafields') return sum + METAFIELD_LISTS + Math.floor(added / PAGE)
    // Its parents are a list too.
    if (stream === 'async_batch_tasks') return sum + 1 + tasks
    return sum + ofStream(added)
  }, 0)
}

/** The values of `owner_resource`. */
const METAFIELD_LISTS = 6

async function sync(folder: string): Promise<RunReport> {
  const args = [...cliFlags(), CLI, 'sync', '--json', '--no-progress', '--log-level', 'silent']
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
  const report: RunReport = JSON.parse(await text(child.stdout))
  if (report.outcome !== 'complete')
    throw new Error(`not complete: ${JSON.stringify(report.streams.filter(({ outcome }) => outcome === 'failed'))}`)
  return report
}

const median = (measured: readonly MeasuredShort[]): MeasuredShort =>
  [...measured].sort((a, b) => a.share - b.share)[Math.floor(measured.length / 2)] as MeasuredShort

/** The median of several runs of each row. */
export async function shortReads(rows: readonly ShortRead[], runs: number): Promise<readonly MeasuredShort[]> {
  const measured: MeasuredShort[] = []
  for (const row of rows) {
    const all: MeasuredShort[] = []
    for (let n = 0; n < runs; n++) {
      all.push(await once_(row))
      console.log(shortTable(all.slice(-1)).split('\n').at(-1))
    }
    measured.push(median(all))
  }
  return measured
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`

export const shortTable = (rows: readonly MeasuredShort[]): string =>
  [
    `Bucket of ${BUCKET}; all streams of a made-up shop; DuckDB; ${machine()}`,
    '',
    '| requests a second | latency | records | seconds | requests | least possible | records read again | share | wanted | 429 | load |',
    '| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...rows.map(
      r =>
        `| ${r.perSecond} | ${r.latencyMs} ms | ${r.records} | ${r.seconds.toFixed(1)} | ${r.requests} | ${r.least} | ${percent(r.readAgain)} | ${percent(r.share)} | ${percent(r.target)} | ${r.throttled} | ${r.load.toFixed(1)} |`,
    ),
  ].join('\n')

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [runs = '1', ...only] = process.argv.slice(2)
  const rows = SHORT_READS.filter((_, i) => only.length === 0 || only.includes(String(i)))
  const measured = await shortReads(rows, Number(runs))
  console.log(`\n${shortTable(measured)}`)
  if (process.env.PATHS) console.log(measured.map(({ paths }) => JSON.stringify(paths)).join('\n'))
}
