import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { DestinationConfig } from '../src/load/open.ts'
import { PAGE } from './charges.ts'
import { cliFlags } from './flags.ts'
import { multiply, plainCopy } from './growth.ts'
import type { Edited, Job, Took } from './load-process.ts'
import { readPages, writePages } from './pages.ts'
import { type Page, type Row, report } from './report.ts'
import { machine, writeSection } from './section.ts'

/*
 * How fast are charges with three line items each loaded, beside the limit: reading the same pages from the same file
 * and `JSON.parse`, nothing else? Every figure is of a process of its own. The limit is taken before and after each of
 * them, and a figure is held against its own: a shared machine is half as fast again one minute as the next.
 */
const SMALL = 100_000
const LARGE = Number(process.argv[2] ?? 1_000_000)
const LARGEST = 5
const ROUNDS = 3
const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'recharge-sync-bench-'))
const BASE = join(folder, 'pages')
const EDITED = join(folder, 'edited')

function answer<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    child.once('message', message => resolve(message as T))
    child.once('exit', code => reject(new Error(`a measurement left with ${code}`)))
  })
}

function take(job: Job, flags = cliFlags()): Promise<Took> {
  // Once beforehand, so that they come from memory: what lay untouched for some minutes may have to come from a slow disk.
  if (job.kind !== 'commits') for (const _page of readPages(job.file, job.pages));
  const child = fork(here('./load-process.ts'), { execArgv: flags })
  child.send(job)
  return answer<Took>(child)
}

/** Of one measurement, and of the limit around it. */
interface Beside {
  readonly took: Took
  readonly limits: readonly Took[]
}

/** All that was taken of the limit. */
const limits: Took[] = []
const AROUND = 2

async function beside(measure: () => Promise<Took>): Promise<Beside> {
  const around: Took[] = []
  for (let i = 0; i < AROUND; i++) around.push(await parse())
  const took = await measure()
  for (let i = 0; i < AROUND; i++) around.push(await parse())
  limits.push(...around)
  return { took, limits: around }
}

function row(destination: string, what: string, records: number, { took, limits }: Beside): Row {
  const { seconds, cpu, megabytes } = took
  const limit = medianOf(limits)
  const made = {
    destination,
    what,
    records,
    seconds,
    perSecond: records / seconds,
    cpu: (cpu * 1e6) / records,
    megabytes,
    ofLimit: { perSecond: records / seconds / (SMALL / limit.seconds), cpu: cpu / records / (limit.cpu / SMALL) },
  }
  console.log(JSON.stringify(made))
  return made
}

/** The middle one, by time; of two the faster. */
const medianOf = (taken: readonly Took[]): Took =>
  [...taken].sort((a, b) => a.seconds - b.seconds)[(taken.length - 1) >> 1] as Took

/** The middle one, by its share of the limit. */
const middleOf = (taken: readonly Beside[]): Beside => {
  const share = ({ took, limits }: Beside): number => took.seconds / medianOf(limits).seconds
  return [...taken].sort((a, b) => share(a) - share(b))[taken.length >> 1] as Beside
}

const parse = (flags?: string[]): Promise<Took> => take({ kind: 'parse', file: BASE, pages: SMALL / PAGE }, flags)

const load = (file: string, records: number, into: DestinationConfig): Promise<Took> =>
  take({ kind: 'load', file, pages: records / PAGE, into })

const middle = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0

const TRIES = 7
const group = (of: (n: number) => Edited): Edited[] => Array.from({ length: PAGE }, (_, n) => of(n))

/** Milliseconds that the commit of one page takes, into a table of so many rows. */
async function pages(destination: string, into: DestinationConfig, rows: number, empty: number): Promise<Page> {
  const tries = Array.from({ length: TRIES }, (_, t) => t)
  const measure = async (groups: Edited[][]): Promise<number> =>
    middle((await take({ kind: 'commits', into, groups })).millis.slice(1))
  const made: Page = {
    destination,
    rows,
    empty,
    fresh: await measure(tries.map(t => group(n => [10 * rows + t * PAGE + n, 0]))),
    recent: await measure(tries.map(t => group(n => [rows - 1 - n, 1 + t]))),
    scattered: await measure(tries.map(t => group(n => [n * Math.floor(rows / PAGE) + t, 20 + t]))),
  }
  console.log(JSON.stringify(made))
  return made
}

interface Pace {
  readonly what: string
  readonly records: number
  readonly bucket: number
  readonly perSecond: number
}

const UNLIMITED: Pace = {
  what: 'the whole of `sync`, over HTTP',
  // As many as of the larger first load, against which it is held: the start of a process weighs as little as in a backfill.
  records: LARGE,
  bucket: 1_000_000,
  perSecond: 100_000,
}
const SLOW: Pace = { what: '`sync`, two pages a second', records: 25_000, bucket: 2, perSecond: 2 }

async function whole(into: string, { records, bucket, perSecond }: Pace): Promise<Beside> {
  // So that the store spends its time on answers: its pages lie outside of the heap, and would have it looked through.
  const execArgv = ['--max-old-space-size=8000', '--external-memory-accounted-in-global-limit']
  const server = fork(here('./store-process.ts'), { execArgv })
  const place = mkdtempSync(join(tmpdir(), 'recharge-sync-bench-'))
  try {
    server.send({ stream: 'charges', records, latencyMs: 0, bucket, perSecond })
    const { url, token } = await answer<{ url: string; token: string }>(server)
    writeFileSync(
      join(place, 'sync.config.yaml'),
      `recharge:\n  token: ${token}\n  base_url: ${url}\n  rate: { bucket: ${bucket}, per_second: ${perSecond} }\ndestination:\n  ${into}\n`,
    )
    return await beside(() => sync(place, 'charges'))
  } finally {
    const left = once(server, 'exit')
    server.kill()
    await left
    rmSync(place, { recursive: true, force: true })
  }
}

/** The command as a process; its CPU and memory are what it says of itself when it ends. */
async function sync(place: string, stream: string): Promise<Took> {
  const args = [...cliFlags(), '--import', here('./peak.ts'), here('../src/cli.ts')]
  const began = performance.now()
  const child = spawn(
    process.execPath,
    [...args, 'sync', '--streams', stream, '--no-progress', '--log-level', 'silent'],
    {
      cwd: place,
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  )
  const code = await new Promise(resolve => child.on('close', resolve))
  if (code !== 0) throw new Error(`sync left with ${code}`)
  const { cpu, megabytes } = JSON.parse(readFileSync(join(place, 'peak'), 'utf8'))
  const counts = { added: 0, changed: 0, unchanged: 0 }
  return { seconds: (performance.now() - began) / 1000, cpu, megabytes, counts, millis: [] }
}

async function destinationRows(destination: string): Promise<{ rows: Row[]; pages: Page[]; file: number | null }> {
  const rows: Row[] = []
  let made = 0
  /** An empty place of its own. One is gone before the next is opened: a server has work to do long after a load. */
  const place = async (): Promise<{ into: DestinationConfig; yaml: string; done: () => Promise<void> }> => {
    made += 1
    if (destination === 'duckdb') {
      const file = join(folder, `warehouse-${made}.duckdb`)
      return {
        into: { kind: 'duckdb', file, schema: 'recharge' },
        yaml: 'duckdb: warehouse.duckdb',
        done: async () => rmSync(file, { force: true }),
      }
    }
    const server = fork(here('../test/support/postgres-process.ts'))
    const url = await answer<string>(server)
    return {
      into: { kind: 'postgres', url, schema: 'recharge' },
      yaml: `postgres: ${url}`,
      done: async () => {
        server.disconnect()
        await once(server, 'exit')
      },
    }
  }
  const small: Beside[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const loaded = await place()
    small.push(await beside(() => load(BASE, SMALL, loaded.into)))
    await loaded.done()
  }
  rows.push(row(destination, 'first load', SMALL, middleOf(small)))
  const slow = await place()
  rows.push(row(destination, SLOW.what, SLOW.records, await whole(slow.yaml, SLOW)))
  await slow.done()
  const synced = await place()
  const wholeRow = row(destination, UNLIMITED.what, UNLIMITED.records, await whole(synced.yaml, UNLIMITED))
  await synced.done()
  const { into, done } = await place()
  const empty = middle(
    (
      await take({
        kind: 'commits',
        into,
        groups: Array.from({ length: TRIES }, (_, t) => group(n => [-1 - t * PAGE - n, 0])),
      })
    ).millis.slice(1),
  )
  rows.push(row(destination, 'first load', LARGE, await beside(() => load(BASE, LARGE, into))), wholeRow)
  rows.push(row(destination, 'the same again, all unchanged', SMALL, await beside(() => load(BASE, SMALL, into))))
  rows.push(row(destination, '5 % changed', SMALL, await beside(() => load(EDITED, SMALL, into))))
  const file = into.kind === 'duckdb' ? await fileRatio(into) : null
  const measured = [await pages(destination, into, LARGE, empty)]
  await multiply(into, LARGE, LARGEST)
  measured.push(await pages(destination, into, LARGEST * LARGE, empty))
  await done()
  return { rows, pages: measured, file }
}

async function fileRatio({ file, schema }: DestinationConfig & { kind: 'duckdb' }): Promise<number> {
  const copy = join(folder, 'copy.duckdb')
  await plainCopy(file, schema, copy)
  const ratio = statSync(file).size / statSync(copy).size
  rmSync(copy)
  return ratio
}

try {
  writePages(BASE, LARGE)
  writePages(EDITED, SMALL, id => (id % 20 === 7 ? 1 : 0))
  await parse()
  const plain = await beside(() => parse([]))
  const rows: Row[] = []
  const pageRows: Page[] = []
  let file: number | null = null
  for (const destination of ['duckdb', 'postgres']) {
    const measured = await destinationRows(destination)
    rows.push(...measured.rows)
    pageRows.push(...measured.pages)
    file ??= measured.file
  }
  const limit = row('the limit', 'reading and `JSON.parse`', SMALL, { took: medianOf(limits), limits })
  rows.unshift(limit, row('the limit', "the same, with Node's own heap settings", SMALL, plain))
  writeFileSync(
    here('./load.json'),
    `${JSON.stringify({ machine: machine(), rows, pages: pageRows, file }, null, 2)}\n`,
  )
  const head = `${machine()} \`npm run bench${process.argv[2] ? ` -- ${LARGE}` : ''}\`.`
  const text = `${head}\n\n${report(rows, pageRows, file, LARGE)}`
  console.log(text)
  writeSection('load', text)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
