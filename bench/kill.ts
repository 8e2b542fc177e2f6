import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { cliFlags } from './flags.ts'
import type { Sent } from './store-process.ts'
import { answer } from './sync-process.ts'

/*
 * How much has to be read again after kill -9 in the middle of a first load? Records that were sent and are in no table,
 * beside those that were sent in the last two seconds and a page for each request in flight.
 */
const PAGE = 250
const LAST_MS = 2_000
const SHOP = 1900
const CLI = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))
const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url))

const command = (folder: string, args: readonly string[]): ChildProcess =>
  spawn(process.execPath, [...cliFlags(), CLI, ...args, '--no-progress', '--log-level', 'silent'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  })

async function kill(kind: string, perSecond: number, latencyMs: number): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'recharge-sync-bench-'))
  const server = fork(here('./store-process.ts'))
  const database = kind === 'postgres' ? fork(here('../test/support/postgres-process.ts')) : null
  try {
    const where = database ? `postgres: ${await answer<string>(database)}` : 'duckdb: warehouse.duckdb'
    const bucket = perSecond > 1000 ? 100_000 : 40
    server.send({ shop: SHOP, latencyMs, bucket, perSecond })
    const { url, token } = await answer<{ url: string; token: string }>(server)
    writeFileSync(
      join(folder, 'sync.config.yaml'),
      `recharge:\n  token: ${token}\n  base_url: ${url}\n  rate: { bucket: ${bucket}, per_second: ${perSecond} }\ndestination:\n  ${where}\nviews: false\n`,
    )
    const child = command(folder, ['sync', '--json'])
    const ended = once(child, 'close')
    // Killed after a part of the records that is drawn by lot.
    const least = 3_000 + Math.random() * 25_000
    let sent: Sent
    do {
      await wait(20)
      server.send('sent')
      ;[sent] = (await once(server, 'message')) as [Sent]
    } while (sent.records < least && child.exitCode === null)
    const isRunning = child.kill('SIGKILL')
    server.send('sent')
    sent = await answer<Sent>(server)
    await ended
    const { streams } = JSON.parse(await text(command(folder, ['streams', '--json']).stdout as never))
    const stored = streams.reduce((sum: number, { rows }: { rows: number | null }) => sum + (rows ?? 0), 0)
    const again = sent.distinct - stored
    const most = sent.lately + PAGE * sent.inFlight
    console.log(
      `| ${kind} | ${perSecond > 1000 ? 'none' : perSecond} | ${latencyMs} ms | ${sent.distinct} | ${again} | ${sent.lately} | ${sent.inFlight} | ${again <= most ? 'yes' : 'NO'} | ${loadavg()[0]?.toFixed(1)} |${isRunning ? '' : ' had ended'}`,
    )
    return again <= most
  } finally {
    server.kill()
    database?.disconnect()
    rmSync(folder, { recursive: true, force: true })
  }
}

const [kinds = 'duckdb,postgres', rates = '100000,20', times = '10'] = process.argv.slice(2)
console.log(
  `| destination | requests a second | latency | sent before the kill | to be read again | sent in the last ${LAST_MS / 1000} s | requests in flight | within | load |`,
)
for (const kind of kinds.split(','))
  for (const perSecond of rates.split(',').map(Number))
    for (let n = 0; n < Number(times); n++) if (!(await kill(kind, perSecond, 50))) process.exitCode = 1
