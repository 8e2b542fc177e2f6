import { fork, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { RunReport } from '../src/common/run-report.ts'
import { cliFlags } from './flags.ts'
import { answer } from './sync-process.ts'

/*
 * Does a run find the rate of a token whose prefix tells none? A first sync, then one that reads everything again, and last one
 * beside another user of the token who sends half of what the token allows, at random.
 */
const BUCKET = 40
const CLI = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))
const STORE = fileURLToPath(new URL('./store-process.ts', import.meta.url))

interface Answered {
  readonly requests: number
  readonly seconds: number
  readonly throttled: number
}

async function run(folder: string, args: readonly string[]): Promise<RunReport> {
  const child = spawn(
    process.execPath,
    [...cliFlags(), CLI, ...args, '--json', '--no-progress', '--log-level', 'silent'],
    { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] },
  )
  return JSON.parse(await text(child.stdout))
}

async function measure(perSecond: number, latencyMs: number, records: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'recharge-sync-bench-'))
  const server = fork(STORE)
  try {
    server.send({ records, latencyMs, bucket: BUCKET, perSecond })
    const { url, token } = await answer<{ url: string; token: string }>(server)
    writeFileSync(
      join(folder, 'sync.config.yaml'),
      `recharge:\n  token: ${token}\n  base_url: ${url}\ndestination:\n  duckdb: warehouse.duckdb\nviews: false\n`,
    )
    for (const what of ['first', 'second', 'beside another']) {
      if (what !== 'first') await run(folder, ['reset', 'customers'])
      // The bucket is empty when a run begins.
      await wait((1000 * BUCKET) / perSecond)
      server.send('clear')
      await answer(server)
      const stop = new AbortController()
      const other = what === 'beside another' ? another(url, token, perSecond / 2, stop.signal) : null
      const report = await run(folder, ['sync', '--streams', 'customers'])
      server.send('seen')
      const seen = await answer<Answered>(server)
      stop.abort()
      const theirs = await other
      const share =
        (seen.requests + (theirs ? theirs.sent - theirs.throttled : 0)) / (BUCKET + perSecond * seen.seconds)
      console.log(
        `| ${perSecond} | ${latencyMs} ms | ${what} | ${seen.seconds.toFixed(1)} | ${report.requests} | ${(100 * share).toFixed(1)} % | ${report.rate?.per_second} (${report.rate?.from}) | ${report.throttled} | ${theirs ? `${theirs.throttled} of ${theirs.sent}` : ''} | ${loadavg()[0]?.toFixed(1)} |`,
      )
    }
  } finally {
    server.kill()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Another user of the token: requests at random, so many a second. */
async function another(url: string, token: string, perSecond: number, signal: AbortSignal) {
  const headers = { 'x-recharge-access-token': token, 'x-recharge-version': '2021-11' }
  let [sent, throttled] = [0, 0]
  while (!signal.aborted) {
    sent += 1
    // The server ends before the last answer.
    fetch(`${url}/token_information`, { headers }).then(
      ({ status }) => {
        if (status === 429) throttled += 1
      },
      () => {},
    )
    await wait((-1000 * Math.log(1 - Math.random())) / perSecond)
  }
  return { sent, throttled }
}

console.log(
  '| requests a second | latency | run | seconds | requests | share | learnt | 429 | 429 of the other | load |',
)
const [rates = '4,10,20', latencies = '50', records = '250000'] = process.argv.slice(2)
for (const perSecond of rates.split(',').map(Number))
  for (const latencyMs of latencies.split(',').map(Number)) await measure(perSecond, latencyMs, Number(records))
