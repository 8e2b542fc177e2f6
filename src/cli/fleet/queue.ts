import { setTimeout as sleep } from 'node:timers/promises'
import type { Job, PgBoss } from 'pg-boss'
import { ConfigError, DestinationError } from '../../common/errors.ts'
import type { Log } from '../../common/log.ts'
import type { Fleet, FleetStore } from '../config/fleet.ts'
import { outcomeOf, type StoreOutcome } from './outcome.ts'
import { runStore } from './store-process.ts'

/*
 * The queue is pg-boss: its tables are in a schema of a Postgres database, and any number of machines work on it. A job is the
 * sync of one store, and holds its name and nothing else. One store has at most one job at work and one that waits.
 */

const QUEUE = 'sync'
/** A worker that says nothing for so long is dead, and another takes its job. In seconds. */
const HEARTBEAT = 60
/** How often workers look for dead ones, in seconds. */
const WATCH = 15
/** How often a worker asks for jobs, in seconds. */
const POLL = 2
/** Attempts at a job whose run was broken off: its worker died, or was asked to stop. A run that failed waits for the next one that is due. */
const RETRIES = 5
/** A job that ended is kept for so long, in seconds: `fleet queue` shows it. */
const KEPT = 7 * 86_400
/** A run may take so long, in seconds: pg-boss takes no more. */
const LONGEST = 24 * 3600

interface Payload {
  readonly store: string
}

/**
 * Works with the queue, and closes it.
 * @param supervise whether this process also looks after schedules and dead workers.
 * @throws {ConfigError} if the fleet names no queue. {DestinationError} if it cannot be reached.
 */
async function withQueue<T>(fleet: Fleet, supervise: boolean, work: (boss: PgBoss) => Promise<T>): Promise<T> {
  if (fleet.queue === null)
    throw new ConfigError(fleet.file, [
      { path: 'queue', line: null, message: 'is missing; name a Postgres database: queue: { postgres: … }' },
    ])
  const { PgBoss: Boss } = await loadBoss()
  const boss = new Boss({
    connectionString: fleet.queue.url,
    schema: fleet.queue.schema,
    application_name: 'recharge-sync fleet',
    supervise,
    schedule: supervise,
    superviseIntervalSeconds: WATCH,
    monitorIntervalSeconds: WATCH,
  })
  // Without a listener an error of its own would end the process.
  boss.on('error', () => {})
  try {
    await boss.start()
    await boss.createQueue(QUEUE, {
      policy: 'stately',
      heartbeatSeconds: HEARTBEAT,
      expireInSeconds: LONGEST,
      retryLimit: RETRIES,
      retryDelay: 1,
      deleteAfterSeconds: KEPT,
    })
  } catch (error) {
    await boss.stop({ graceful: false }).catch(() => {})
    throw new DestinationError(
      'unreachable',
      `the queue cannot be used: ${error instanceof Error ? error.message : String(error)}`,
      error,
      'Check queue.postgres in the file of the fleet, and the rights of its user: it makes a schema of its own.',
    )
  }
  try {
    return await work(boss)
  } finally {
    await boss.stop({ graceful: false }).catch(() => {})
  }
}

/** The library is installed only by those who use the queue. @throws {ConfigError} */
async function loadBoss(): Promise<typeof import('pg-boss')> {
  try {
    return await import('pg-boss')
  } catch (error) {
    throw new ConfigError('the queue', [
      {
        path: 'queue',
        line: null,
        message: `needs the package pg-boss: npm install pg-boss@12 (${error instanceof Error ? error.message.split('\n')[0] : String(error)})`,
      },
    ])
  }
}

const optionsOf = (store: string) => ({ singletonKey: store })

/** Puts stores into the queue now. @returns those that were already waiting are refused. */
export function enqueue(
  fleet: Fleet,
  names: readonly string[],
): Promise<{ readonly queued: string[]; readonly refused: string[] }> {
  return withQueue(fleet, false, async boss => {
    const queued: string[] = []
    const refused: string[] = []
    for (const store of names) {
      const id = await boss.send(QUEUE, { store } satisfies Payload, optionsOf(store))
      ;(id === null ? refused : queued).push(store)
    }
    return { queued, refused }
  })
}

/**
 * Gives the queue the schedule of each store, and takes away those of stores that have none any more. From then on any worker
 * that is alive enqueues what is due.
 */
export function schedule(fleet: Fleet): Promise<{ readonly set: string[]; readonly removed: string[] }> {
  return withQueue(fleet, false, async boss => {
    const set: string[] = []
    const removed: string[] = []
    const wanted = fleet.stores.filter(store => store.schedule !== null)
    for (const { name, schedule: cron } of wanted) {
      await boss.schedule(QUEUE, cron ?? '', { store: name } satisfies Payload, {
        ...optionsOf(name),
        key: name,
        tz: 'UTC',
      })
      set.push(name)
    }
    for (const { key } of await boss.getSchedules(QUEUE)) {
      if (wanted.some(({ name }) => name === key)) continue
      await boss.unschedule(QUEUE, key)
      removed.push(key)
    }
    return { set, removed }
  })
}

/** What the queue holds of a store. */
export interface QueuedStore {
  readonly store: string
  /** A cron expression in UTC. */
  readonly schedule: string | null
  readonly waiting: number
  readonly active: number
  /** The last job that ended: `completed` or `failed`, and when. */
  readonly last: { readonly state: string; readonly at: string | null } | null
}

export function queueOf(fleet: Fleet): Promise<readonly QueuedStore[]> {
  return withQueue(fleet, false, async boss => {
    const schedules = new Map((await boss.getSchedules(QUEUE)).map(({ key, cron }) => [key, cron]))
    const found: QueuedStore[] = []
    for (const { name } of fleet.stores) {
      const jobs = await boss.findJobs<Payload>(QUEUE, { key: name })
      const ended = jobs
        .filter(({ state }) => state === 'completed' || state === 'failed')
        .sort((a, b) => Number(a.completedOn) - Number(b.completedOn))
        .at(-1)
      found.push({
        store: name,
        schedule: schedules.get(name) ?? null,
        waiting: jobs.filter(({ state }) => state === 'created' || state === 'retry').length,
        active: jobs.filter(({ state }) => state === 'active').length,
        last: ended ? { state: ended.state, at: ended.completedOn?.toISOString() ?? null } : null,
      })
    }
    return found
  })
}

export interface WorkOptions {
  /** End when the queue is empty. */
  readonly once: boolean
  readonly log: Log
  /** Called when runs have ended and no job is left. */
  readonly whenIdle: () => Promise<void>
}

/**
 * Takes jobs from the queue until the signal is aborted, or, with `once`, until no job is left. Asked to stop, it lets each
 * run finish its commit, and gives its job back.
 * @returns what each run came to.
 */
export function work(
  fleet: Fleet,
  { once, log, whenIdle }: WorkOptions,
  signal: AbortSignal,
): Promise<readonly StoreOutcome[]> {
  return withQueue(fleet, true, async boss => {
    const outcomes: StoreOutcome[] = []
    const byName = new Map(fleet.stores.map(store => [store.name, store]))
    let busy = 0
    const handle = async (jobs: Job<Payload>[]): Promise<void> => {
      busy += 1
      try {
        for (const { data } of jobs) {
          const outcome = await runJob(fleet, byName.get(data.store), data.store, signal)
          outcomes.push(outcome)
          log[outcome.outcome === 'ok' ? 'info' : 'warn']({ event: 'store_ended', ...outcome })
          // A job whose run was broken off goes back into the queue. A run that failed would fail again.
          if (outcome.outcome === 'interrupted' || outcome.problem?.code === 'killed')
            throw new Error(outcome.problem?.message ?? 'interrupted')
        }
      } finally {
        busy -= 1
      }
    }
    // The library looks for dead workers after an interval. Where each worker lives shorter than that, nobody would.
    await boss.supervise(QUEUE)
    await boss.work<Payload>(
      QUEUE,
      { localConcurrency: fleet.atOnce, pollingIntervalSeconds: POLL, heartbeatRefreshSeconds: HEARTBEAT / 4 },
      handle,
    )
    let seen = 0
    while (!signal.aborted) {
      await sleep(POLL * 1000, undefined, { signal }).catch(() => {})
      if (signal.aborted || busy > 0 || (await boss.findJobs(QUEUE, { queued: true, limit: 1 })).length > 0) continue
      if (outcomes.length > seen) await whenIdle()
      seen = outcomes.length
      if (once) break
    }
    await boss.stop({ graceful: true, timeout: 15_000 })
    return outcomes
  })
}

async function runJob(
  fleet: Fleet,
  store: FleetStore | undefined,
  name: string,
  signal: AbortSignal,
): Promise<StoreOutcome> {
  if (store === undefined)
    return {
      store: name,
      outcome: 'failed',
      code: null,
      problem: {
        code: 'unknown_store',
        message: `the queue has a job for ${name}, and ${fleet.file} has no such store`,
        next: 'Give every worker the same file of the fleet, then run fleet schedule.',
      },
      seconds: 0,
    }
  const { file, stalledMs, memoryMb } = fleet
  return outcomeOf(
    await runStore({ file, store: name, command: ['sync', '--log-level', 'warn'], stalledMs, memoryMb }, signal),
  )
}
