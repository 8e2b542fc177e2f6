import { readFileSync } from 'node:fs'
import { type App, type AppOptions, createApp, STREAM_NAMES, STREAMS, select } from '../../src/cli/app.ts'
import { backfill } from '../../src/cli/commands/backfill.ts'
import { type ReconcileDocument, reconcile } from '../../src/cli/commands/reconcile.ts'
import { reset } from '../../src/cli/commands/reset.ts'
import type { Result } from '../../src/cli/commands/result.ts'
import { fullRefresh, sync } from '../../src/cli/commands/sync.ts'
import type { Config } from '../../src/cli/config/load.ts'
import { fixturesOf } from '../../src/cli/fixtures.ts'
import { NO_METRICS, NO_NOTIFY } from '../../src/cli/notify/settings.ts'
import type { Window } from '../../src/common/model.ts'
import type { RunReport, StreamReport } from '../../src/common/run-report.ts'
import { NO_PROGRESS, type Progress } from '../../src/pipeline/progress.ts'
import { DEFAULT_ANALYTICS } from '../../src/schema/lookup-views.ts'
import { hasStory } from '../../src/simulator/fixture.ts'
import type { StoreRecord } from '../../src/simulator/record.ts'
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/server.ts'
import { Store } from '../../src/simulator/store.ts'
import { makeStore as makeStory, type StoryOptions } from '../../src/simulator/story.ts'
import type { DestinationConfig } from './destinations.ts'

/** So high that no test waits for the rate limit. */
const RATE = { bucket: 100_000, perSecond: 10_000 }

export async function withSimulator<T>(
  options: SimulatorOptions,
  work: (simulator: Simulator) => Promise<T>,
): Promise<T> {
  await using simulator = await startSimulator({
    ...RATE,
    fixtures: fixturesOf(STREAMS),
    ...options,
    store: options.store ?? makeStore({ customers: 40, months: 6 }),
  })
  stores.set(simulator.url, simulator.store)
  ahead = 0
  try {
    return await work(simulator)
  } finally {
    // A worker runs many test files, and each collection of its garbage looks at all that is kept.
    stores.delete(simulator.url)
  }
}

/** Those of the simulators that are running, by their addresses. */
const stores = new Map<string, Store>()
/** Milliseconds by which the store of the last simulator was ahead of this machine so far. */
let ahead = 0

/**
 * The clock of this machine, which runs on from where a test has moved the clock of the store to: a program whose own clock
 * is far behind does not believe the API's.
 */
export const clockFor =
  ({ recharge: { baseUrl } }: Config): (() => number) =>
  () => {
    ahead = Math.max(ahead, (stores.get(baseUrl)?.now().getTime() ?? 0) - Date.now())
    return Date.now() + ahead
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
    store: null,
    recharge: {
      token: simulator.token,
      baseUrl: simulator.url,
      start: null,
      overlapMs: 86_400_000,
      concurrency: 4,
      rate: RATE,
      budget: 1,
      timeoutMs: 10_000,
      patienceMs: 1_500,
      ...recharge,
    },
    destination,
    streams: 'all',
    refreshMs: () => 0,
    history: [],
    views: false,
    fivetranViews: false,
    analytics: DEFAULT_ANALYTICS,
    materialize: { add: [], except: [] },
    indexes: true,
    // Not hashed, so that two warehouses can be compared: each has its own salt.
    policies: { sensitive: 'keep', columns: {}, onMismatch: 'null', drift: 'capture' },
    maxRejects: 100,
    retentionMs: 90 * 86_400_000,
    notify: NO_NOTIFY,
    metrics: NO_METRICS,
    secretFiles: [],
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
const quickApp = (config: Config, more: Partial<AppOptions> = {}): App =>
  createApp(config, { ...QUICK, now: clockFor(config), ...more })

/** One `sync` in this process, by the same function as the command. */
export async function runSync(
  config: Config,
  streams: readonly string[] | null = null,
  signal: AbortSignal = new AbortController().signal,
  progress: Progress = NO_PROGRESS,
  more: Partial<AppOptions> = {},
): Promise<Ran> {
  const app = quickApp(config, more)
  return ran(await told(await sync(app, select(app, streams), progress, signal)))
}

/** One `sync --full-refresh` in this process. */
export async function runFullRefresh(config: Config, streams: readonly string[], iKnow = false): Promise<Ran> {
  const app = quickApp(config)
  return ran(await fullRefresh(app, select(app, streams), iKnow, NO_PROGRESS, new AbortController().signal))
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
  const app = quickApp(config)
  return ran(await told(await backfill(app, select(app, streams), range, NO_PROGRESS, signal)))
}

/** One `reset` in this process. */
export async function resetStream(config: Config, stream: string, iKnow = false): Promise<void> {
  const app = quickApp(config)
  const [found] = select(app, [stream]).streams
  if (!found) throw new Error(`there is no stream ${stream}`)
  await reset(app, [found], iKnow)
}

/** One `reconcile` in this process; `of` returns the result of a stream. */
export async function runReconcile(
  config: Config,
  streams: readonly string[] | null,
  { sample = null, repair = false }: { readonly sample?: number | null; readonly repair?: boolean } = {},
  signal: AbortSignal = new AbortController().signal,
) {
  const app = quickApp(config)
  const { code, json, text } = await told(
    await reconcile(app, select(app, streams), { sample, repair }, NO_PROGRESS, signal),
  )
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

/** As the program does when it has printed the result. */
async function told(result: Result): Promise<Result> {
  await result.after?.()
  return result
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

const stories = new Map<string, Store>()

/** A store with this story. A test file makes each story once; every test gets its own copy. */
export function makeStore(options: StoryOptions = {}): Store {
  const which = JSON.stringify(options)
  const original = stories.get(which) ?? makeStory(options)
  stories.set(which, original)
  return original.copy()
}

/** A store in which every list of every stream has an element: the sample of each stream is one of its records. */
export function makeFullStore(options: StoryOptions): Store {
  const store = makeStore(options)
  for (const name of STREAM_NAMES) {
    const record = sampleOf(name)
    // Without a story it is served from its fixture, which is the same record.
    if (hasStory(name) && typeof record.id === 'number' && !store.get(name, record.id)) store.insert(name, record)
  }
  return store
}

const samples = new Map<string, string>()

/** The made-up record in `test/fixtures/<stream>/`. */
export function sampleOf(stream: string): StoreRecord {
  const text =
    samples.get(stream) ?? readFileSync(new URL(`../fixtures/${stream}/record.json`, import.meta.url), 'utf8')
  samples.set(stream, text)
  return JSON.parse(text)
}

export { STREAM_NAMES, Store }
