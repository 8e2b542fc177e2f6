import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApp, STREAMS, select } from '../src/cli/app.ts'
import { sync } from '../src/cli/commands/sync.ts'
import { configFrom } from '../src/cli/config/load.ts'
import { NO_PROGRESS } from '../src/pipeline/progress.ts'
import { startSimulator } from '../src/simulator/server.ts'
import { multiply } from './growth.ts'
import { chargesStore } from './large-store.ts'
import { writePages } from './pages.ts'

/*
 * What does the copy for readers cost a run, over a warehouse of 1,000,000 charges with three line items each?
 * node bench/read-copy.ts [charges]
 */
const charges = Number(process.argv[2] ?? 1_000_000)
const LOADED = 20_000
const ROUNDS = 5
const RATE = { bucket: 100_000, perSecond: 10_000 }
const folder = mkdtempSync(join(tmpdir(), 'recharge-sync-bench-'))
const { signal } = new AbortController()
try {
  const file = join(folder, 'warehouse.duckdb')
  const pages = join(folder, 'pages')
  writePages(pages, LOADED)
  await using simulator = await startSimulator({ ...RATE, store: chargesStore(LOADED, pages) })
  const config = configFrom(
    {
      recharge: { token: simulator.token, base_url: simulator.url, rate: { bucket: 100_000, per_second: 10_000 } },
      destination: { duckdb: file, read_copy: join(folder, 'read.duckdb') },
      views: false,
    },
    STREAMS,
  )
  const app = createApp(config, { level: 'error', runsDirectory: null })
  const { code, text } = await sync(app, select(app, ['charges']), NO_PROGRESS, signal)
  if (code !== 0) throw new Error(text)
  await multiply(config.destination, LOADED, Math.round(charges / LOADED))
  console.log(`${charges} charges, ${(statSync(file).size / 1e6).toFixed(0)} MB`)
  for (let round = 1; round <= ROUNDS; round++) {
    await using warehouse = await app.open('write')
    const before = performance.now()
    await warehouse.replaceReadCopy(signal)
    const seconds = ((performance.now() - before) / 1000).toFixed(1)
    console.log(`round ${round}: ${seconds} s, load ${loadavg()[0]?.toFixed(1)}`)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
