import { join } from 'node:path'
import { setTimeout as timer } from 'node:timers/promises'
import { encodeTime, ulid } from 'ulid'
import { streams as declared } from '../../schemas/index.ts'
import { fivetranViews as declaredFivetranViews } from '../../schemas/views/fivetran/index.ts'
import { views as declaredViews } from '../../schemas/views/index.ts'
import { ConfigError, Interrupted } from '../common/errors.ts'
import { fromMillis, toMillis } from '../common/instant.ts'
import { createLog, type Level, type Log, type LogWriter } from '../common/log.ts'
import type { Instant, RunId } from '../common/model.ts'
import { type Secrets, secretsOf } from '../common/secrets.ts'
import { createApiClient } from '../extract/api-client.ts'
import { type ProxyOptions, proxyFor } from '../extract/proxy.ts'
import { tierOf } from '../extract/rate-limit.ts'
import { createSource, type Source } from '../extract/source.ts'
import type { WantedViews, Warehouse } from '../load/destination.ts'
import { openDestination, openForReaders } from '../load/open.ts'
import { Forgotten } from '../schema/forgotten.ts'
import { historyTable } from '../schema/history-table.ts'
import { liveViews } from '../schema/live-views.ts'
import { lookupViews } from '../schema/lookup-views.ts'
import { ownerships } from '../schema/ownership.ts'
import { withPolicies } from '../schema/policy.ts'
import { Salt } from '../schema/salt.ts'
import type { Stream } from '../schema/stream.ts'
import { allTables } from '../schema/table.ts'
import type { Config } from './config/load.ts'
import { nearest } from './config/nearest.ts'
import { unknownStream } from './config/problems.ts'
import { type Look, PLAIN } from './look.ts'
import { secretAddresses } from './notify/settings.ts'
import { matchStreams, type StreamFlags } from './stream-patterns.ts'

/** Milliseconds since 1970, by the clock of this machine. */
export const clock = (): number => Date.now()

/** Every declared stream. */
export const STREAMS: readonly Stream[] = declared
/** Four streams may commit at the same moment, and one connection is for other queries. */
const CONNECTIONS = 5

/** Characters of a run's id that are its time. */
const TIME_LENGTH = 10
const OWNERSHIPS = ownerships(STREAMS)

export const STREAM_NAMES: readonly string[] = STREAMS.map(({ name }) => name)
/** Streams that are read only when they are named. */
const OPT_IN: ReadonlySet<string> = new Set(STREAMS.filter(({ optIn }) => optIn).map(({ name }) => name))

/** What a command works with. Only this file reads the clock and draws random numbers. */
export interface App {
  readonly config: Config
  readonly log: Log
  readonly secrets: Secrets
  readonly source: Source
  /** Host and port of the proxy that requests to the API go through; null: they go there directly. */
  readonly proxy: string | null
  /** Proxies for requests to other services; null: they go there directly. */
  readonly proxies: ProxyOptions | null
  /** Every declared stream, with the policies of the configuration. */
  readonly streams: readonly Stream[]
  readonly run: RunId
  /** No run that began before this time has a later id than this text. */
  readonly firstRunAt: (at: Instant) => string
  /** Hash of the token with the warehouse's salt, which a destination has to have opened. */
  readonly tokenHash: () => string
  readonly now: () => Instant
  /** Milliseconds from an arbitrary start; never goes back. */
  readonly monotonic: () => number
  /** @throws {Interrupted} as soon as the signal is aborted. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
  /** At least 0, less than 1. */
  readonly random: () => number
  readonly forgotten: Forgotten
  /** Whether every version of the stream's records is kept. */
  readonly isVersioned: (stream: Stream) => boolean
  /** Folder in which reports of runs are kept; null: they are not kept in files. */
  readonly runsDirectory: string | null
  /** How results look where they are printed. */
  readonly look: Look
  /** The views that the configuration asks for. */
  readonly wanted: WantedViews
  /** Those that a run makes; null: none. */
  readonly views: WantedViews | null
  open(mode: 'read' | 'write'): Promise<Warehouse>
  /** Opens the copy that is made for readers, or the destination where there is none. Both for reading. */
  openForReaders(): Promise<Warehouse>
}

export interface AppOptions {
  readonly level: Level
  /** Takes the lines of the log. Default: stderr, as JSON. */
  readonly writer?: LogWriter
  /** Default: without colours, and of any width. */
  readonly look?: Look
  /** How often a request is retried, and the wait before the first retry. Default: that of `extract/retry.ts`. */
  readonly patience?: { readonly firstWaitMs: number; readonly tries: number }
  /** Default: `state/runs` beside the configuration. */
  readonly runsDirectory?: string | null
  /** Default: none. */
  readonly proxy?: ProxyOptions
  /** Milliseconds since 1970. Default: the clock of this machine. */
  readonly now?: () => number
}

/** Streams whose views of versions other views read: these are there, and empty, even if no version is kept. */
const READ_VERSIONS: readonly string[] = ['subscriptions']

/** All views that a configuration asks for. @throws {ConfigError} for the name of a view that there is not. */
export function wantedViews(
  {
    history,
    analytics,
    materialize,
    fivetranViews = false,
  }: Pick<Config, 'history' | 'analytics' | 'materialize'> & Partial<Pick<Config, 'fivetranViews'>>,
  streams: readonly Stream[],
): WantedViews {
  const versioned = streams.filter(({ name }) => history.includes(name) || READ_VERSIONS.includes(name))
  const views = [...liveViews(streams, versioned), ...lookupViews(analytics), ...declaredViews]
  const layouts = fivetranViews ? declaredFivetranViews : []
  const names = views.map(({ name }) => name)
  const unknown = [...materialize.add, ...materialize.except].filter(name => !names.includes(name))
  if (unknown.length > 0)
    throw new ConfigError(
      'the configuration',
      unknown.map(name => ({
        path: 'materialize',
        line: null,
        message: `there is no view ${name}${nearest(name, names)}`,
      })),
    )
  const tables = [...streams.flatMap(allTables), ...versioned.map(historyTable)]
  return { views: [...views, ...layouts], tables, zone: analytics.zone, materialize }
}

export function createApp(config: Config, options: AppOptions): App {
  const { level, writer, look = PLAIN, patience, proxy: proxies, runsDirectory, now = clock } = options
  const { recharge, destination, indexes } = config
  const proxy = proxies ? proxyFor(new URL(recharge.baseUrl), proxies) : null
  const { pushgateway } = config.metrics
  const secrets = secretsOf(
    [...config.secrets, ...(proxy ? [proxy.href] : []), ...(pushgateway === null ? [] : [pushgateway])],
    secretAddresses(config.notify),
  )
  const monotonic = (): number => performance.now()
  const salt = new Salt()
  const forgotten = new Forgotten(salt)
  const streams = STREAMS.map(stream => {
    const ownership = OWNERSHIPS.get(stream.name)
    const erasure = ownership === undefined ? null : { forgotten, ownership }
    return { ...withPolicies(stream, config.policies, salt), erasure }
  })
  const versioned = streams.filter(({ name }) => config.history.includes(name))
  const wanted = wantedViews(config, streams)
  const persons = streams.filter(({ erasure }) => erasure !== null)
  const opened = { connections: CONNECTIONS, history: versioned, salt, forgotten, persons, indexes }
  const log = createLog(level, secrets, writer)
  const api = createApiClient({
    ...recharge,
    onOutage: ({ message, patienceMs }) => log.warn({ event: 'outage', message, patience_ms: patienceMs }),
    onRecovery: lastedMs => log.warn({ event: 'outage_over', lasted_ms: Math.round(lastedMs) }),
    proxy,
    tier: recharge.rate === 'auto' ? tierOf(recharge.token) : recharge.rate,
    learnsRate: recharge.rate === 'auto',
    ...(patience ? { patience } : {}),
    now,
    monotonic,
    sleep,
    random: Math.random,
  })
  return {
    config,
    secrets,
    log,
    look,
    proxy: proxy?.host ?? null,
    proxies: proxies ?? null,
    source: createSource(api, { streams, sleep }),
    streams,
    forgotten,
    run: ulid(now()) as RunId,
    firstRunAt: at => encodeTime(Math.max(0, toMillis(at)), TIME_LENGTH),
    tokenHash: () => salt.digest(recharge.token),
    now: () => fromMillis(now()),
    monotonic,
    sleep,
    random: Math.random,
    isVersioned: ({ name }) => config.history.includes(name),
    runsDirectory: runsDirectory === undefined ? runsOf(config) : runsDirectory,
    wanted,
    views: config.views ? wanted : null,
    open: mode => openDestination(destination, { ...opened, mode }),
    openForReaders: () => openForReaders(destination, opened),
  }
}

/** Where reports of runs are kept: beside the configuration, those of each store of a fleet in a folder of its own. */
const runsOf = ({ directory, store }: Config): string =>
  join(directory, 'state', ...(store === null ? [] : [store]), 'runs')

async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) throw new Interrupted()
  try {
    await timer(ms, undefined, { signal })
  } catch (error) {
    if (signal.aborted) throw new Interrupted()
    throw error
  }
}

export interface Selection {
  readonly streams: readonly Stream[]
  /** Names of the streams that were selected by name, on the command line or in the configuration. */
  readonly explicit: ReadonlySet<string>
}

/**
 * The streams to work on.
 * @param flag names from the command line, which replace the selection of the configuration; null: there are none.
 * @param patterns `select` replaces the selection of the configuration too, and `exclude` takes from what is selected.
 * @throws {ConfigError} for an unknown name, a pattern that matches nothing, and if nothing is left.
 */
export function select(
  { streams, config: { streams: config } }: Pick<App, 'streams' | 'config'>,
  flag: readonly string[] | null,
  { select: patterns, exclude = [] }: Omit<StreamFlags, 'streams'> = {},
): Selection {
  const unknown = (flag ?? []).filter(name => !STREAM_NAMES.includes(name))
  if (unknown.length > 0)
    throw new ConfigError(
      'the command line',
      unknown.map(name => ({
        path: '--streams',
        line: null,
        message: unknownStream(name, STREAM_NAMES),
      })),
    )
  const { named, matched } = matchStreams(patterns ?? [], STREAM_NAMES, '--select', OPT_IN)
  const out = matchStreams(exclude, STREAM_NAMES, '--exclude')
  const excluded = new Set([...out.named, ...out.matched])
  const isOnCommandLine = flag !== null || patterns !== undefined
  const names = isOnCommandLine ? [...(flag ?? []), ...named] : Array.isArray(config) ? config : null
  const explicit = new Set((names ?? []).filter(name => !excluded.has(name)))
  const except = typeof config === 'object' && 'except' in config ? config.except : []
  const isSelected = ({ name, optIn }: Stream): boolean =>
    names ? explicit.has(name) || matched.includes(name) : !optIn && !except.includes(name)
  const selected = streams.filter(stream => isSelected(stream) && !excluded.has(stream.name))
  if (selected.length === 0 && exclude.length > 0)
    throw new ConfigError('the command line', [
      { path: '--exclude', line: null, message: 'leaves out every stream that is selected' },
    ])
  return { streams: selected, explicit }
}
