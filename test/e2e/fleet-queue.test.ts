import { spawn } from 'node:child_process'
import { setTimeout } from 'node:timers/promises'
import pg from 'pg'
import { expect, test } from 'vitest'
import { CLI, cli, type Exited, HOME } from '../support/cli.ts'
import { DESTINATIONS, withDatabase, withFolder } from '../support/destinations.ts'
import { fleetIn, type Stores, startStores, writeFleet } from '../support/fleet.ts'
import { runReconcile } from '../support/run.ts'

const [, postgres] = DESTINATIONS
const DEFAULTS = { streams: ['customers', 'orders'], views: false, schedule: '17 4 * * *' }

interface Queued {
  readonly store: string
  readonly schedule: string | null
  readonly waiting: number
  readonly active: number
  readonly last: { readonly state: string } | null
}

const queued = ({ stdout }: Exited): readonly Queued[] => JSON.parse(stdout).stores

/** A fleet with a queue, and commands in its folder. */
async function withQueue(
  names: readonly string[],
  latencyMs: number,
  work: (fleet: {
    readonly folder: string
    readonly stores: Stores
    /** The address of the queue's database. */
    readonly queue: string
    readonly run: (...args: readonly string[]) => Promise<Exited>
  }) => Promise<void>,
): Promise<void> {
  if (postgres === undefined) throw new Error('the queue needs Postgres')
  await postgres.with(destination =>
    withDatabase(queue =>
      withFolder(async folder => {
        await using stores = await startStores(names, () => ({ latencyMs }))
        writeFleet(folder, stores, destination, {
          defaults: DEFAULTS,
          rollup: false,
          at_once: 2,
          queue: { postgres: queue },
        })
        await work({ folder, stores, queue, run: (...args) => cli(folder, ['fleet', ...args], stores.environment) })
      }),
    ),
  )
}

const isEqualToSource = async (folder: string, stores: Stores): Promise<void> => {
  for (const { name, config } of fleetIn(folder, stores).stores) {
    const { code, text } = await runReconcile(config, DEFAULTS.streams)
    expect(code, `${name}: ${text}`).toBe(0)
  }
}

test('stores are queued once, a worker runs them, and schedules follow the file', () =>
  withQueue(['ash', 'birch', 'cedar'], 0, async ({ folder, stores, run }) => {
    expect(JSON.parse((await run('enqueue', '--json')).stdout)).toEqual({
      queued: ['ash', 'birch', 'cedar'],
      refused: [],
    })
    expect(JSON.parse((await run('enqueue', '--stores', 'birch', '--json')).stdout)).toEqual({
      queued: [],
      refused: ['birch'],
    })
    const worked = await run('work', '--once', '--json')
    expect(worked.code, worked.stderr).toBe(0)
    expect(JSON.parse(worked.stdout).runs.map(({ outcome }: { outcome: string }) => outcome)).toEqual([
      'ok',
      'ok',
      'ok',
    ])
    await isEqualToSource(folder, stores)
    expect(JSON.parse((await run('schedule', '--json')).stdout)).toEqual({
      set: ['ash', 'birch', 'cedar'],
      removed: [],
    })
    expect(queued(await run('queue', '--json'))).toEqual(
      ['ash', 'birch', 'cedar'].map(store =>
        expect.objectContaining({
          store,
          schedule: '17 4 * * *',
          waiting: 0,
          active: 0,
          last: expect.objectContaining({ state: 'completed' }),
        }),
      ),
    )
  }))

test('a worker that is asked to stop gives its jobs back, and another one completes them', () =>
  withQueue(['ash', 'birch'], 400, async ({ folder, stores, run }) => {
    await run('enqueue')
    const worker = spawn(process.execPath, [CLI, 'fleet', 'work'], {
      cwd: folder,
      env: { PATH: process.env.PATH, HOME, ...stores.environment },
      stdio: 'ignore',
    })
    const ended = new Promise(resolve => worker.once('exit', resolve))
    while (stores.all.some(({ simulator }) => simulator.requests.length < 2)) await setTimeout(20)
    worker.kill('SIGTERM')
    await ended
    expect(queued(await run('queue', '--json')).map(({ waiting, active }) => ({ waiting, active }))).toEqual([
      { waiting: 1, active: 0 },
      { waiting: 1, active: 0 },
    ])
    const second = await run('work', '--once', '--json')
    expect(second.code, second.stderr).toBe(0)
    await isEqualToSource(folder, stores)
  }))

test('a worker that is killed is replaced by the next one', () =>
  withQueue(['ash'], 400, async ({ folder, stores, queue, run }) => {
    await run('enqueue')
    const worker = spawn(process.execPath, [CLI, 'fleet', 'work'], {
      cwd: folder,
      env: { PATH: process.env.PATH, HOME, ...stores.environment },
      stdio: 'ignore',
    })
    while (stores.all.some(({ simulator }) => simulator.requests.length < 2)) await setTimeout(20)
    worker.kill('SIGKILL')
    // A minute without a sign of life is enough, and here it has passed, also since dead workers were last looked for.
    const client = new pg.Client({ connectionString: queue })
    await client.connect()
    await client.query(
      `update recharge_queue.job set heartbeat_on = heartbeat_on - interval '1 minute', started_on = started_on - interval '1 minute' where state = 'active'`,
    )
    await client.query(`update recharge_queue.queue set monitor_claim_on = monitor_claim_on - interval '1 minute'`)
    await client.end()
    const second = await run('work', '--once', '--json')
    expect(JSON.parse(second.stdout).runs).toHaveLength(1)
    await isEqualToSource(folder, stores)
  }))
