import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { type Stores, startStores, writeFleet } from '../test/support/fleet.ts'
import { withEmptyDestination } from './empty-destination.ts'
import { machine, writeSection } from './section.ts'

/*
 * How long does `fleet sync` take for 50, 100 and 200 small stores into one Postgres, and how much memory do its processes take
 * together? Each store has the standard rate, a bucket of 40 requests that drains at 2 a second. The servers of the stores and the
 * database run on the same machine.
 *   node bench/fleet.ts [SIZES] [AT_ONCE]
 */
const SIZES = (process.argv[2] ?? '50,100,200').split(',').map(Number)
const AT_ONCE = (process.argv[3] ?? '2,4,8').split(',').map(Number)
const STREAMS = ['customers', 'subscriptions', 'orders', 'charges']
const MAIN = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))
/** Milliseconds between two looks at the memory. */
const EVERY = 250

interface Took {
  readonly seconds: number
  readonly megabytes: number
  readonly requests: number
}

/** Memory of the process and of all below it, in megabytes: what is not shared with other processes. */
function memoryOf(root: number): number {
  const parents = new Map<number, number>()
  for (const pid of readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number))
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      parents.set(pid, Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]))
    } catch {
      // It has ended meanwhile.
    }
  let sum = 0
  for (const pid of parents.keys()) {
    let above: number | undefined = pid
    while (above !== undefined && above !== root && above > 1) above = parents.get(above)
    if (above !== root) continue
    try {
      const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
      sum += Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0) / 1024
    } catch {
      // It has ended meanwhile.
    }
  }
  return sum
}

async function sync(folder: string, stores: Stores, atOnce: number): Promise<Took> {
  const began = performance.now()
  const child = spawn(
    process.execPath,
    [MAIN, 'fleet', 'sync', '--json', '--no-progress', '--at-once', String(atOnce)],
    {
      cwd: folder,
      env: { PATH: process.env.PATH, HOME: folder, ...stores.environment },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  let megabytes = 0
  const timer = setInterval(() => {
    megabytes = Math.max(megabytes, memoryOf(child.pid ?? 0))
  }, EVERY)
  const printed = await text(child.stdout)
  clearInterval(timer)
  const document = JSON.parse(printed) as { readonly stores: { readonly outcome: string; readonly requests: number }[] }
  const wrong = document.stores.filter(({ outcome }) => outcome !== 'ok')
  if (wrong.length > 0) throw new Error(`not complete: ${JSON.stringify(wrong[0])}`)
  const requests = document.stores.reduce((sum, store) => sum + store.requests, 0)
  return { seconds: (performance.now() - began) / 1000, megabytes, requests }
}

const rows: string[] = []
for (const size of SIZES) {
  const names = Array.from({ length: size }, (_, i) => `store${i + 1}`)
  for (const atOnce of AT_ONCE) {
    await using stores = await startStores(names, () => ({ bucket: 40, perSecond: 2, latencyMs: 200 }))
    const folder = mkdtempSync(join(tmpdir(), 'recharge-sync-bench-'))
    try {
      await withEmptyDestination('postgres', folder, async ({ into }) => {
        writeFleet(folder, stores, into, {
          defaults: { streams: STREAMS, recharge: { rate: { bucket: 40, per_second: 2 } } },
          rollup: false,
        })
        const first = await sync(folder, stores, atOnce)
        const hourly = await sync(folder, stores, atOnce)
        const cells = [
          size,
          atOnce,
          first.seconds.toFixed(0),
          (size / (first.seconds / 60)).toFixed(0),
          hourly.seconds.toFixed(0),
          (size / (hourly.seconds / 60)).toFixed(0),
          Math.max(first.megabytes, hourly.megabytes).toFixed(0),
          atOnce * 5,
        ]
        rows.push(`| ${cells.join(' | ')} |`)
        console.log(rows.at(-1))
      })
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
}
writeSection(
  'fleet',
  [
    `${machine()} \`node bench/fleet.ts\`.`,
    '',
    '| stores | at once | first sync, s | stores a minute | hourly sync, s | stores a minute | memory, MB | connections at most |',
    '| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...rows,
  ].join('\n'),
)
