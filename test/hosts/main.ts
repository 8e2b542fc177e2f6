import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import pg from 'pg'
import { cli } from '../support/cli.ts'
import { fleetIn, startStores, writeFleet } from '../support/fleet.ts'
import { embedded } from '../support/postgres-server.ts'
import { runReconcile } from '../support/run.ts'

/*
 * npm run hosts
 *
 * Three hosts, each a network namespace of this machine with a worker of its own, and one Postgres. As many jobs as stores; a
 * worker is killed every few seconds. Afterwards each store has to equal its source, no two hosts may have asked the server
 * of one store at the same time, and no bucket may have overflowed. Needs root, and iproute2.
 *   HOSTS_STORES  stores; 200 if not said
 *   HOSTS_KILL    seconds between two kills; 5 if not said
 */
const STORES = Number(process.env.HOSTS_STORES ?? 200)
const KILL_EVERY = Number(process.env.HOSTS_KILL ?? 5) * 1000
const HOSTS = [1, 2, 3].map(n => ({ name: `recharge-h${n}`, address: `10.77.0.${n + 1}` }))
const OUTSIDE = '10.77.0.1'
const BRIDGE = 'recharge-br'
const MAIN = join(import.meta.dirname, '../../src/cli/main.ts')
const STREAMS = ['customers', 'orders']

/** When a host talked to the server of a store: the first and the last byte of one connection. */
interface Talk {
  readonly host: string
  readonly from: number
  to: number
}

const ip = (...args: readonly string[]): void => {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] })
}

function makeHosts(): void {
  removeHosts()
  ip('link', 'add', BRIDGE, 'type', 'bridge')
  ip('addr', 'add', `${OUTSIDE}/24`, 'dev', BRIDGE)
  ip('link', 'set', BRIDGE, 'up')
  for (const [i, { name, address }] of HOSTS.entries()) {
    ip('netns', 'add', name)
    ip('link', 'add', `rv${i}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
    ip('link', 'set', `rv${i}`, 'master', BRIDGE, 'up')
    ip('-n', name, 'addr', 'add', `${address}/24`, 'dev', 'eth0')
    ip('-n', name, 'link', 'set', 'eth0', 'up')
    ip('-n', name, 'link', 'set', 'lo', 'up')
  }
}

function removeHosts(): void {
  for (const args of [...HOSTS.map(({ name }) => ['netns', 'del', name]), ['link', 'del', BRIDGE]])
    try {
      ip(...args)
    } catch {
      // It is not there.
    }
}

/** Makes a port of the loopback answer on the bridge. @param talked called with each connection, and again with its last byte. */
function expose(port: number, opened: (host: string) => Talk | null): Promise<Server> {
  const server = createServer(inner => {
    const talk = opened(inner.remoteAddress ?? '')
    const outer = connect(port, '127.0.0.1')
    inner.on('data', () => {
      if (talk) talk.to = performance.now()
    })
    for (const [one, other] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      one.pipe(other)
      one.on('error', () => other.destroy())
      one.on('close', () => other.destroy())
    }
  })
  return new Promise(resolve => server.listen(port, OUTSIDE, () => resolve(server)))
}

const folder = mkdtempSync(join(tmpdir(), 'recharge-sync-hosts-'))
const server = await embedded()
const names = Array.from({ length: STORES }, (_, i) => `store${i + 1}`)
const stores = await startStores(names, () => ({ bucket: 8, perSecond: 4, latencyMs: 100 }))
const exposed: Server[] = []
const children = new Set<ChildProcess>()
let failed = true
try {
  makeHosts()
  const talks = new Map<string, Talk[]>(names.map(name => [name, []]))
  for (const { name, simulator } of stores.all)
    exposed.push(
      await expose(Number(new URL(simulator.url).port), host => {
        const talk = { host, from: performance.now(), to: performance.now() }
        talks.get(name)?.push(talk)
        return talk
      }),
    )
  exposed.push(await expose(Number(new URL(server.url).port), () => null))
  const destination = { kind: 'postgres', url: server.url, schema: 'recharge' } as const
  writeFleet(folder, stores, destination, {
    defaults: { streams: STREAMS, views: false, recharge: { rate: { bucket: 8, per_second: 4 } } },
    rollup: false,
    at_once: 2,
    queue: { postgres: server.url },
  })
  const inHost = (host: string, ...args: readonly string[]): ChildProcess => {
    const child = spawn('ip', ['netns', 'exec', host, process.execPath, ...args], {
      cwd: folder,
      env: { PATH: process.env.PATH, HOME: folder, ...stores.environment },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    children.add(child)
    child.once('exit', () => children.delete(child))
    return child
  }
  const ports = [...stores.all.map(({ simulator }) => new URL(simulator.url).port), new URL(server.url).port].join(',')
  for (const { name } of HOSTS) {
    const forwarder = inHost(name, join(import.meta.dirname, 'forward.ts'), OUTSIDE, ports)
    await new Promise(resolve => forwarder.stdout?.once('data', resolve))
  }
  await cli(folder, ['fleet', 'enqueue'], stores.environment)
  const began = performance.now()
  const start = (host: string): ChildProcess => {
    const worker = inHost(host, MAIN, 'fleet', 'work', '--log-level', 'error')
    worker.stdout?.resume()
    return worker
  }
  const workers = new Map(HOSTS.map(({ name }) => [name, start(name)]))
  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  const left = async (): Promise<number> => {
    const { rows } = await client.query(
      `select count(*)::int as n from recharge_queue.job where state in ('created', 'retry', 'active') and name = 'sync'`,
    )
    return rows[0]?.n ?? 0
  }
  let kills = 0
  while ((await left()) > 0) {
    await setTimeout(KILL_EVERY)
    const host = HOSTS[kills % HOSTS.length]?.name ?? ''
    workers.get(host)?.kill('SIGKILL')
    workers.set(host, start(host))
    kills += 1
  }
  const seconds = (performance.now() - began) / 1000
  for (const worker of workers.values()) worker.kill('SIGTERM')
  const { rows } = await client.query(
    `select state::text, count(*)::int as n from recharge_queue.job where name = 'sync' group by 1`,
  )
  await client.end()
  let different = 0
  for (const { name, config } of fleetIn(folder, stores).stores) {
    const { code, text } = await runReconcile({ ...config, recharge: { ...config.recharge } }, STREAMS)
    if (code !== 0) console.log(`${name} differs: ${text}`)
    different += Number(code !== 0)
  }
  const overlaps = [...talks].filter(([, of]) =>
    of.some(a => of.some(b => a.host < b.host && a.from < b.to && b.from < a.to)),
  )
  const throttled = stores.all.filter(({ simulator }) => simulator.requests.some(({ status }) => status === 429))
  const moved = [...talks.values()].filter(of => new Set(of.map(({ host }) => host)).size > 1)
  console.log(
    `${STORES} jobs on ${HOSTS.length} hosts in ${seconds.toFixed(0)} s, ${kills} workers killed; jobs: ${rows.map(({ state, n }) => `${n} ${state}`).join(', ')}`,
  )
  console.log(`stores that differ from their source: ${different}`)
  console.log(
    `stores that two hosts asked at the same time: ${overlaps.length} ${overlaps.map(([name]) => name).join(' ')}`,
  )
  console.log(`stores with a 429: ${throttled.length}`)
  console.log(`stores that another host completed: ${moved.length}`)
  failed = different + overlaps.length + throttled.length > 0
} finally {
  for (const child of children) child.kill('SIGKILL')
  for (const one of exposed) one.close()
  await stores[Symbol.asyncDispose]()
  removeHosts()
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
}
process.exit(failed ? 1 : 0)
