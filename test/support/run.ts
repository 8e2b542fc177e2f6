import { readFileSync } from 'node:fs'
import { createApp, STREAM_NAMES, select } from '../../src/cli/app.ts'
import { backfill } from '../../src/cli/commands/backfill.ts'
import { type ReconcileDocument, reconcile } from '../../src/cli/commands/reconcile.ts'
import type { Result } from '../../src/cli/commands/result.ts'
import { sync } from '../../src/cli/commands/sync.ts'
import type { Config } from '../../src/cli/config/load.ts'
import type { RunReport, StreamReport, Window } from '../../src/common/model.ts'
import { NO_PROGRESS } from '../../src/pipeline/progress.ts'
import { RESOURCES, type StoreRecord } from '../../src/simulator/record.ts'
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/server.ts'
import { Store } from '../../src/simulator/store.ts'
import { makeStore } from '../../src/simulator/story.ts'
import type { DestinationConfig } from './destinations.ts'

/** So high that no test waits for the rate limit. */
const RATE = { bucket: 100_000, perSecond: 10_000 }

export async function withSimulator<T>(
  options: SimulatorOptions,
  work: (simulator: Simulator) => Promise<T>,
): Promise<T> {
  await using simulator = await startSimulator({ ...RATE, store: makeStore({ customers: 40, months: 6 }), ...options })
  return await work(simulator)
}

export function configFor(
  simulator: Simulator,
  destination: DestinationConfig,
  directory: string,
  recharge: Partial<Config['recharge']> = {},
): Config {
  return {
    file: 'test',
    directory,
    recharge: {
      token: simulator.token,
      baseUrl: simulator.url,
      start: null,
      overlapMs: 86_400_000,
      concurrency: 4,
      rate: RATE,
      budget: 1,
      timeoutMs: 10_000,
      ...recharge,
    },
    destination,
    streams: 'all',
    refreshMs: () => 0,
    history: [],
    // Not hashed, so that two warehouses can be compared: each has its own salt.
    policies: { sensitive: 'keep', columns: {}, onMismatch: 'reject', drift: 'capture' },
    maxRejects: 100,
    secrets: [simulator.token],
  }
}

export interface Ran {
  readonly code: number
  readonly report: RunReport
  readonly text: string
  of(stream: string): StreamReport
}

const QUICK = { level: 'silent', patience: { firstWaitMs: 5, tries: 8 } } as const

/** One `sync` in this process, by the same function as the command. */
export async function runSync(
  config: Config,
  streams: readonly string[] | null = null,
  signal: AbortSignal = new AbortController().signal,
): Promise<Ran> {
  const app = createApp(config, QUICK)
  return ran(await sync(app, select(app, streams), NO_PROGRESS, signal))
}

/** One `backfill` in this process. */
export async function runBackfill(
  config: Config,
  streams: readonly string[],
  window: Window,
  newestFirst: boolean,
): Promise<Ran> {
  const { signal } = new AbortController()
  const range = { window, newestFirst }
  const app = createApp(config, QUICK)
  return ran(await backfill(app, select(app, streams), range, NO_PROGRESS, signal))
}

/** One `reconcile` in this process; `of` returns the result of a stream. */
export async function runReconcile(
  config: Config,
  streams: readonly string[] | null,
  { sample = null, repair = false }: { readonly sample?: number | null; readonly repair?: boolean } = {},
  signal: AbortSignal = new AbortController().signal,
) {
  const app = createApp(config, QUICK)
  const { code, json, text } = await reconcile(app, select(app, streams), { sample, repair }, NO_PROGRESS, signal)
  const document = json as ReconcileDocument
  return {
    code,
    document,
    text,
    of(stream: string) {
      const found = document.streams.find(s => s.stream === stream)
      if (!found) throw new Error(`the report has no ${stream}: ${text}`)
      return found
    },
  }
}

function ran({ code, json, text }: Result): Ran {
  const report = json as RunReport
  return {
    code,
    report,
    text,
    of(stream) {
      const found = report.streams.find(s => s.stream === stream)
      if (!found) throw new Error(`the report has no ${stream}: ${text}`)
      return found
    },
  }
}

/** A store that contains the sample record of each stream, so that every list of every stream has an element. */
export function makeFullStore(options: Parameters<typeof makeStore>[0]): Store {
  const store = makeStore(options)
  for (const name of STREAM_NAMES) {
    const record = sampleOf(name)
    const resource = RESOURCES.find(known => known === name)
    if (resource && typeof record.id === 'number' && !store.get(resource, record.id)) store.insert(resource, record)
  }
  return store
}

/** The made-up record in `test/fixtures/<stream>/`. */
export const sampleOf = (stream: string): StoreRecord =>
  JSON.parse(readFileSync(new URL(`../fixtures/${stream}/record.json`, import.meta.url), 'utf8'))

export { makeStore, STREAM_NAMES, Store }
