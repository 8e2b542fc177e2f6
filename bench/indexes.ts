import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { streams as declared } from '../schemas/index.ts'
import { openDestination } from '../src/load/open.ts'
import { allTables } from '../src/schema/table.ts'
import { PAGE } from './charges.ts'
import { cliFlags } from './flags.ts'
import { fillJoined, JOINED, joinsOf, planOf } from './joins.ts'
import type { Edited, Job, Took } from './load-process.ts'
import { readPages, writePages } from './pages.ts'
import { machine, writeSection } from './section.ts'
import { serverCpu } from './server-cpu.ts'
import { answer } from './sync-process.ts'

/*
 * What do the indexes in Postgres cost, and what are they good for? First loads with and without them take turns on one
 * server, and so do hourly runs. Other work on the machine changes the time of a run by half, and its processor time less.
 */
const CHARGES = Number(process.argv[2] ?? 1_000_000)
const ROUNDS = 3
const HOURS = 20
/** What a first load with indexes may take, as a multiple of one without. */
const MOST = 1.25

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'recharge-sync-bench-'))
const PAGES = join(folder, 'pages')

type Query = (sql: string) => Promise<Record<string, unknown>[]>

interface Measured {
  readonly seconds: number
  /** Processor seconds of the client and of the server. */
  readonly client: number
  readonly server: number
}

/** Each side loads into a schema of its own. */
const SIDES = ['plain', 'indexed'] as const
type Side = (typeof SIDES)[number]

const server = fork(here('../test/support/postgres-process.ts'))
const url = await answer<string>(server)
const client = new pg.Client({ connectionString: url })
await client.connect()
const query: Query = async sql => (await client.query(sql)).rows
const into = (side: Side) => ({ kind: 'postgres', url, schema: side }) as const

/** What a job takes, the server's processes included. */
async function take(job: Job): Promise<Measured & Pick<Took, 'counts'>> {
  const [first] = await query(`select split_part(pg_read_file('postmaster.pid'), chr(10), 1)::int as pid`)
  const postmaster = Number(first?.pid)
  const before = serverCpu(postmaster)
  const child = fork(here('./load-process.ts'), { execArgv: cliFlags() })
  child.send(job)
  const { seconds, cpu, counts } = await answer<Took>(child)
  // A process of the server counts once it has ended, or while it is there.
  while (
    (await query(`select from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`))
      .length > 0
  )
    await wait(20)
  return { seconds, client: cpu, server: serverCpu(postmaster) - before, counts }
}

async function firstLoad(side: Side): Promise<Measured> {
  await query(`drop schema if exists ${side} cascade`)
  await query('checkpoint')
  // So that the pages come from memory.
  for (const _page of readPages(PAGES, CHARGES / PAGE));
  const took = await take({
    kind: 'load',
    file: PAGES,
    pages: CHARGES / PAGE,
    into: into(side),
    indexes: side === 'indexed',
  })
  if (took.counts.added !== CHARGES) throw new Error(`not complete: ${JSON.stringify(took)}`)
  console.log(side, JSON.stringify(took), `load ${loadavg()[0]?.toFixed(1)}`)
  return took
}

/** What an hourly run meets: the charges of the lookback, of which some have changed, old ones that changed, and new ones. */
function hour(round: number): Edited[] {
  const recent = Array.from({ length: 720 }, (_, n): Edited => [CHARGES - 1 - n, n % 24 === 0 ? round + 1 : 0])
  const old = Array.from({ length: 20 }, (_, n): Edited => [Math.floor((n * CHARGES) / 25) + round, round + 1])
  const fresh = Array.from({ length: 30 }, (_, n): Edited => [CHARGES + 30 * round + n, 0])
  return [...recent, ...old, ...fresh]
}

async function hourly(side: Side, round: number): Promise<Measured> {
  const took = await take({ kind: 'hour', records: hour(round), into: into(side), indexes: side === 'indexed' })
  const { added, changed } = took.counts
  if (added !== 30 || changed !== 50) throw new Error(`other work than expected: ${JSON.stringify(took)}`)
  return took
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0
const work = ({ client, server }: Measured): number => client + server

/** Runs both sides in turns, and the second first in every other round. */
async function inTurns(rounds: number, measure: (side: Side, round: number) => Promise<Measured>) {
  const taken: Record<Side, Measured[]> = { plain: [], indexed: [] }
  for (let round = 0; round < rounds; round++)
    for (const side of round % 2 === 0 ? SIDES : SIDES.toReversed()) taken[side].push(await measure(side, round))
  const ratios = (of: (one: Measured) => number): number[] =>
    taken.indexed.map((one, round) => of(one) / of(taken.plain[round] as Measured))
  return { taken, seconds: ratios(({ seconds }) => seconds), work: ratios(work) }
}

type Turns = Awaited<ReturnType<typeof inTurns>>

function costRows(what: string, { taken, seconds, work: ofWork }: Turns, unit: 's' | 'ms'): string[] {
  const shown = (value: number): string => (unit === 's' ? value.toFixed(1) : (1000 * value).toFixed(0))
  const row = (title: string, of: (one: Measured) => number, ratio: string): string =>
    `| ${what} | ${title} | ${SIDES.map(side => shown(median(taken[side].map(of)))).join(' | ')} | ${ratio} |`
  const ratio = (values: readonly number[]): string =>
    `${median(values).toFixed(2)} (${Math.min(...values).toFixed(2)} to ${Math.max(...values).toFixed(2)})`
  return [
    row(`${unit}`, ({ seconds }) => seconds, ratio(seconds)),
    row(`${unit} of processor, client and server`, work, ratio(ofWork)),
  ]
}

const megabytes = async (side: Side): Promise<number> => {
  const [row] = await query(
    `select round(sum(pg_total_relation_size(oid)) / 1e6)::int as mb from pg_class
     where relnamespace = cast('${side}' as regnamespace) and relkind = 'r' and relname like 'charges%'`,
  )
  return Number(row?.mb)
}

/** Milliseconds of a query, the least of three. */
async function millis(sql: string): Promise<number> {
  const taken: number[] = []
  for (let i = 0; i < 3; i++) {
    const began = performance.now()
    await query(sql)
    taken.push(performance.now() - began)
  }
  return Math.min(...taken)
}

/** Each join with the indexes that it uses and how long it takes, and how long without indexes. */
async function joinRows(): Promise<{ rows: string[]; missing: string[] }> {
  const streams = declared.filter(({ name }) => JOINED.some(joined => joined === name))
  await using destination = await openDestination(into('indexed'), { mode: 'write', connections: 2 })
  await destination.prepare(streams.flatMap(allTables))
  await fillJoined(query, 'indexed', CHARGES)
  for (const stream of streams) await destination.createIndexes(allTables(stream), new AbortController().signal)
  const joins = await joinsOf(query, 'indexed')
  const measured: { what: string; indexes: string; used: number; sql: string }[] = []
  const missing: string[] = []
  for (const { what, by, sql } of joins) {
    const { indexed, whole } = await planOf(query, 'indexed', sql)
    if (whole.length > 0 || by.some(column => !indexed.has(column))) missing.push(what)
    measured.push({
      what,
      indexes: [...indexed]
        .sort()
        .map(column => `\`${column}\``)
        .join(', '),
      used: await millis(sql),
      sql,
    })
  }
  for (const { name } of await query(
    `select quote_ident(x.relname) as name from pg_index i join pg_class x on x.oid = i.indexrelid
     where x.relnamespace = cast('indexed' as regnamespace) and not i.indisprimary`,
  ))
    await query(`drop index indexed.${name}`)
  const rows: string[] = []
  for (const { what, indexes, used, sql } of measured)
    rows.push(`| ${what} | ${indexes} | ${used.toFixed(1)} | ${(await millis(sql)).toFixed(0)} |`)
  return { rows, missing }
}

try {
  // It would begin at any moment, on one side only.
  await query('alter system set autovacuum = off')
  await query('select pg_reload_conf()')
  writePages(PAGES, CHARGES)
  const loads = await inTurns(ROUNDS, firstLoad)
  const sizes = [await megabytes('plain'), await megabytes('indexed')]
  await query('vacuum analyze')
  const hours = await inTurns(HOURS, hourly)
  const joins = await joinRows()
  const text = [
    `${machine()} \`npm run bench:indexes${process.argv[2] ? ` -- ${CHARGES}` : ''}\`.`,
    '',
    '| what | | without | with | with ÷ without, median and range |',
    '| --- | --- | ---: | ---: | --- |',
    ...costRows(`first load of ${CHARGES} charges`, loads, 's'),
    ...costRows('hourly run: 770 records, 50 changed, 30 new', hours, 'ms'),
    `| tables of charges with their indexes | MB | ${sizes.join(' | ')} | ${((sizes[1] ?? 0) / (sizes[0] ?? 1)).toFixed(2)} |`,
    '',
    `| join, at ${CHARGES} charges | indexes that Postgres uses | ms | ms without |`,
    '| --- | --- | ---: | ---: |',
    ...joins.rows,
  ].join('\n')
  console.log(text)
  writeSection('indexes', text)
  if (joins.missing.length > 0) console.log(`no index for: ${joins.missing.join('; ')}`)
  if (median(loads.seconds) > MOST || joins.missing.length > 0) process.exitCode = 1
} finally {
  await client.end()
  const ended = once(server, 'exit')
  server.disconnect()
  await ended
  rmSync(folder, { recursive: true, force: true })
}
