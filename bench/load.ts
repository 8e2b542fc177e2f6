import { fork } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { DestinationConfig } from '../src/load/open.ts'
import { PAGE } from './charges.ts'
import { withEmptyDestination } from './empty-destination.ts'
import { cliFlags } from './flags.ts'
import { multiply, plainCopy } from './growth.ts'
import type { Edited, Job, Took } from './load-process.ts'
import { readPages, writePages } from './pages.ts'
import { type OfLoad, type Page, type Row, report } from './report.ts'
import { machine, writeSection } from './section.ts'
import { answer, fromStore, type Pace } from './sync-process.ts'

/*
 * How fast are charges with three line items each loaded, compared with the limit: to read the same pages from the same file
 * and `JSON.parse` them, nothing else? Each measurement has a process of its own. The limit is measured before and after each
 * of them, and the measurement is compared with these: the speed of a shared machine changes by half within minutes.
 */
const SMALL = 100_000
/** What docs/performance.md shows. */
const FULL = 1_000_000
const LARGE = Number(process.argv[2] ?? SMALL)
const LARGEST = 5
/** Records of the first load that `sync` is compared with: so many that the start of the process does not matter. */
const PAIRED = LARGE / 2
const ROUNDS = 3
const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'recharge-sync-bench-'))
const BASE = join(folder, 'pages')
const EDITED = join(folder, 'edited')

/** Reads the pages once, so that they come from memory and not from a slow disk. */
function warm(file: string, pages: number): void {
  for (const _page of readPages(file, pages));
}

function take(job: Job, flags = cliFlags()): Promise<Took> {
  if ('file' in job) warm(job.file, job.pages)
  const child = fork(here('./load-process.ts'), { execArgv: flags })
  child.send(job)
  return answer<Took>(child)
}

/** A measurement, and those of the limit before and after it. */
interface WithLimits {
  readonly took: Took
  readonly limits: readonly Took[]
}

/** All measurements of the limit. */
const limits: Took[] = []
const AROUND = 2

async function withLimits(measure: () => Promise<Took>): Promise<WithLimits> {
  const around: Took[] = []
  for (let i = 0; i < AROUND; i++) around.push(await parse())
  const took = await measure()
  for (let i = 0; i < AROUND; i++) around.push(await parse())
  limits.push(...around)
  return { took, limits: around }
}

function row(destination: string, what: string, records: number, { took, limits }: WithLimits): Row {
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

/** The median by time; of two, the faster one. */
const medianOf = (taken: readonly Took[]): Took =>
  [...taken].sort((a, b) => a.seconds - b.seconds)[(taken.length - 1) >> 1] as Took

/** The time as a multiple of the limit's. */
const ofLimit = ({ took, limits }: WithLimits): number => took.seconds / medianOf(limits).seconds

/** A first load and a `sync` of as many records, one right after the other. */
interface Pair {
  readonly load: WithLimits
  readonly sync: WithLimits
}

/** The speed of `sync` as a share of the load's. */
const share = ({ load, sync }: Pair): number => load.took.seconds / sync.took.seconds

const middleBy = <T>(taken: readonly T[], by: (one: T) => number): T =>
  [...taken].sort((a, b) => by(a) - by(b))[taken.length >> 1] as T

const parse = (flags?: string[]): Promise<Took> => take({ kind: 'parse', file: BASE, pages: SMALL / PAGE }, flags)

/** Checks the counts of a measurement. @throws {Error} if they differ: it then measured other work. */
async function withCounts(wanted: Partial<Took['counts']>, taking: Promise<Took>): Promise<Took> {
  const took = await taking
  for (const [what, count] of Object.entries(wanted))
    if (took.counts[what as keyof Took['counts']] !== count)
      throw new Error(`${count} records should be ${what}, but the counts are ${JSON.stringify(took.counts)}`)
  return took
}

const load = (file: string, records: number, into: DestinationConfig): Promise<Took> =>
  take({ kind: 'load', file, pages: records / PAGE, into })

const firstLoad = (records: number, into: DestinationConfig): Promise<Took> =>
  withCounts({ added: records }, load(BASE, records, into))

const middle = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0

const TRIES = 7
const group = (of: (n: number) => Edited): Edited[] => Array.from({ length: PAGE }, (_, n) => of(n))

/** Milliseconds that the commit of one page takes, into a table with so many rows. */
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

const UNLIMITED: Pace = {
  what: 'the whole of `sync`, over HTTP',
  records: PAIRED,
  bucket: 1_000_000,
  perSecond: 100_000,
}
const SLOW: Pace = {
  what: '`sync`, two pages a second',
  records: LARGE >= FULL ? 25_000 : 10_000,
  bucket: 2,
  perSecond: 2,
}

interface Measured {
  readonly rows: Row[]
  readonly pages: Page[]
  readonly ofLoad: OfLoad
  readonly file: number | null
}

async function measured(destination: string): Promise<Measured> {
  const first = (records: number): Promise<WithLimits> =>
    withEmptyDestination(destination, folder, ({ into }) => withLimits(() => firstLoad(records, into)))
  const syncAt = (pace: Pace): Promise<WithLimits> =>
    withEmptyDestination(destination, folder, ({ yaml }) =>
      fromStore(BASE, yaml, pace, sync =>
        withLimits(() => {
          warm(BASE, pace.records / PAGE)
          return withCounts({ added: pace.records }, sync())
        }),
      ),
    )
  const small: WithLimits[] = []
  for (let round = 0; round < ROUNDS; round++) small.push(await first(SMALL))
  const rows = [row(destination, 'first load', SMALL, middleBy(small, ofLimit))]
  rows.push(row(destination, SLOW.what, SLOW.records, await syncAt(SLOW)))
  const pairs: Pair[] = []
  for (let round = 0; round < ROUNDS; round++) pairs.push({ load: await first(PAIRED), sync: await syncAt(UNLIMITED) })
  const pair = middleBy(pairs, share)
  rows.push(row(destination, 'first load', PAIRED, pair.load))
  rows.push(row(destination, UNLIMITED.what, UNLIMITED.records, pair.sync))
  const ofLoad = { destination, records: PAIRED, shares: pairs.map(share) }
  return withEmptyDestination(destination, folder, async ({ into }) => {
    const grown = await growing(destination, into)
    return { rows: [...rows, ...grown.rows], pages: grown.pages, ofLoad, file: grown.file }
  })
}

/** Measures from the first load to the largest table. */
async function growing(destination: string, into: DestinationConfig): Promise<Omit<Measured, 'ofLoad'>> {
  const groups = Array.from({ length: TRIES }, (_, t) => group(n => [-1 - t * PAGE - n, 0]))
  const empty = middle((await take({ kind: 'commits', into, groups })).millis.slice(1))
  const rows = [
    row(destination, 'first load', LARGE, await withLimits(() => firstLoad(LARGE, into))),
    row(
      destination,
      'the same again, all unchanged',
      SMALL,
      await withLimits(() => withCounts({ unchanged: SMALL }, load(BASE, SMALL, into))),
    ),
    row(
      destination,
      '5 % changed',
      SMALL,
      await withLimits(() => withCounts({ changed: SMALL / 20 }, load(EDITED, SMALL, into))),
    ),
  ]
  const file = into.kind === 'duckdb' ? await fileRatio(into) : null
  const large = await pages(destination, into, LARGE, empty)
  await multiply(into, LARGE, LARGEST)
  return { rows, pages: [large, await pages(destination, into, LARGEST * LARGE, empty)], file }
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
  const plain = await withLimits(() => parse([]))
  const rows: Row[] = []
  const pageRows: Page[] = []
  const ofLoads: OfLoad[] = []
  let file: number | null = null
  for (const destination of ['duckdb', 'postgres']) {
    const of = await measured(destination)
    rows.push(...of.rows)
    pageRows.push(...of.pages)
    ofLoads.push(of.ofLoad)
    file ??= of.file
  }
  const limit = row('the limit', 'reading and `JSON.parse`', SMALL, { took: medianOf(limits), limits })
  rows.unshift(limit, row('the limit', "the same, with Node's own heap settings", SMALL, plain))
  const head = `${machine()} \`npm run bench -- ${LARGE}\`.`
  const text = `${head}\n\n${report(rows, ofLoads, pageRows, file, LARGE)}`
  console.log(text)
  if (LARGE >= FULL) {
    writeFileSync(
      here('./load.json'),
      `${JSON.stringify({ machine: machine(), rows, ofLoads, pages: pageRows, file }, null, 2)}\n`,
    )
    writeSection('load', text)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
