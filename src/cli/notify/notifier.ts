import type { Problem } from '../../common/errors.ts'
import type { Instant, RunId } from '../../common/model.ts'
import type { RunReport } from '../../common/run-report.ts'
import type { StreamTotals, Totals } from '../../load/destination.ts'
import { describeDestination } from '../../load/open.ts'
import { type App, select } from '../app.ts'
import { type Age, behind } from './behind.ts'
import { type Condition, type Ended, type Evidence, evidenceOf, nameOf, openAfter } from './condition.ts'
import { type Event, messageOf } from './message.ts'
import { push, writeTextfile } from './metrics.ts'
import { metricsText } from './metrics-text.ts'
import type { Occasion } from './settings.ts'
import { knownOf, NOTHING_TOLD, type NotifyState, readState, stateFile, writeState } from './state.ts'
import { bodyOf, type Ping, pingOf, type Target, targetsOf } from './targets.ts'

/** A command that tells how it ended. */
export type Notifying = 'sync' | 'backfill' | 'reconcile' | 'status'

/** Tells those whom the configuration names how a command ended. Nothing here throws, or takes more than seconds. */
export interface Notifier {
  /** A run begins. */
  started(): void
  /** Reads what the warehouse has, for figures and ages; null: nobody needs it. */
  readonly observe: ((destination: Totals) => Promise<void>) | null
  /** A run has ended. @param report what `--json` prints, and of it the part that counts. */
  ended(ended: Ended, report: unknown, exitCode: number): Promise<void>
  /** `status` has looked at streams. @param seen null: it could not. */
  looked(found: readonly Condition[], seen: readonly Seen[] | null, report: unknown, exitCode: number): Promise<void>
}

/** Up to when a stream is complete. */
export type Seen = Pick<StreamTotals, 'stream' | 'complete_to'>

const SILENT: Notifier = { started() {}, observe: null, async ended() {}, async looked() {} }

/** What a command has to tell. */
interface Told {
  readonly evidence: readonly Evidence[]
  readonly run: RunId | null
  readonly at: Instant
  readonly report: unknown
  readonly exitCode: number
}

export function createNotifier(app: App, command: Notifying): Notifier {
  const { config, log, secrets, runsDirectory, proxies } = app
  const { notify, metrics } = config
  const { scrub } = secrets
  const isSync = command === 'sync'
  const environment = withoutSecrets(process.env, config.secrets)
  const targets = targetsOf(notify, { proxies, folder: config.directory, environment, scrub })
  const ping = isSync && notify.ping !== null ? pingOf(notify.ping, proxies) : null
  const hasMetrics = isSync && (metrics.textfile !== null || metrics.pushgateway !== null)
  if (targets.length === 0 && ping === null && !hasMetrics) return SILENT
  const destination = describeDestination(config.destination).name
  const file = runsDirectory === null ? null : stateFile(runsDirectory, config.file)
  const configured = select(app, null).streams
  const selected = new Set(configured.map(({ name }) => name))
  /** What this run saw in the warehouse. */
  let totals: readonly StreamTotals[] = []

  const warn = (setting: string, { code, message, next }: Problem): void => {
    log.warn({ event: 'notification_failed', setting, code, message, next })
  }

  /** How old the streams of the configuration are, by what is known of them; none if any age will do. */
  const agesOf = (streams: readonly Seen[]): readonly Age[] =>
    streams.flatMap(({ stream, complete_to }) => {
      const found = configured.find(({ name }) => name === stream)
      if (notify.maxAgeMs === null || found === undefined) return []
      const refreshMs = found.sync.mode === 'full' ? config.refreshMs(stream) : 0
      return [{ stream, complete_to, acceptedMs: notify.maxAgeMs + refreshMs }]
    })

  /** What this run saw, and of what it did not see, what the last one knew. */
  const latest = ({ streams }: NotifyState): readonly StreamTotals[] => [
    ...new Map([...streams, ...totals].map(each => [each.stream, each])).values(),
  ]

  /** Tells everybody what is new for him. @returns what is to be remembered. */
  async function tell(before: NotifyState, told: Told): Promise<NotifyState> {
    const { evidence, run, at, report, exitCode } = told
    const open = evidence.reduce((conditions, shown) => openAfter(conditions, shown), before.open)
    const about = { command, run, at, exit_code: exitCode, destination, store: config.store, report }
    const undelivered: Record<string, Problem & { at: Instant }> = {}
    const settle = (id: string, setting: string, problem: Problem | null): void => {
      if (problem === null) return
      warn(setting, problem)
      undelivered[id] = { ...problem, at }
    }
    // A stream that the configuration leaves out is told each time it fails: no later run would show that it is well.
    const lasting = open.filter(({ stream }) => stream === null || selected.has(stream))
    const lastingNames = lasting.map(nameOf)

    const tellOne = async (target: Target): Promise<readonly [string, readonly string[]]> => {
      const known = before.told[target.id] ?? []
      const event = eventOf(open.map(nameOf), known)
      if (!isWanted(event, target.on)) return [target.id, lastingNames]
      const problem = await target.tell(messageOf(about, event, open, known))
      settle(target.id, target.setting, problem)
      if (problem === null) {
        log.info({ event: 'notified', setting: target.setting, what: event })
        return [target.id, lastingNames]
      }
      // The next run tells it.
      return [target.id, event === 'recovery' ? known : known.filter(name => lastingNames.includes(name))]
    }
    const pingEnd = async ({ id, setting, end }: Ping): Promise<void> => {
      const isWell = exitCode === 0 && open.every(condition => condition.about === 'reconcile')
      const body = bodyOf(messageOf(about, isWell ? 'success' : 'failure', open, []), scrub)
      settle(id, setting, await end(isWell, body))
    }
    const after: NotifyState = {
      open: lasting,
      told: before.told,
      undelivered,
      destination,
      last_success: isSync && exitCode === 0 ? at : before.last_success,
      streams: latest(before),
    }
    // A run that found another one at work says nothing of itself: that one will, unless it never ends.
    const isQuiet = exitCode === HELD && !open.some(condition => condition.about === 'behind')
    const [all] = await Promise.all([
      Promise.all(targets.map(tellOne)),
      ping && !isQuiet ? pingEnd(ping) : null,
      hasMetrics && !isQuiet ? measure(after, report as RunReport, exitCode) : null,
    ])
    return { ...after, told: Object.fromEntries(all) }
  }

  async function measure(state: NotifyState, report: RunReport, exitCode: number): Promise<void> {
    const { open, streams, last_success: lastSuccess } = state
    const { per_second: perSecond } = app.source.rate
    const text = scrub(
      metricsText({ report, exitCode, destination, store: config.store, perSecond, lastSuccess, streams, open }),
    )
    const { textfile, mode, pushgateway } = metrics
    const unwritten = textfile === null ? null : writeTextfile(textfile, mode, text)
    if (unwritten) warn('metrics.textfile', unwritten)
    const refused = pushgateway === null ? null : await push({ ...metrics, pushgateway }, destination, text, proxies)
    if (refused) warn('metrics.pushgateway', refused)
  }

  async function remembering(told: (state: NotifyState) => Promise<NotifyState>): Promise<void> {
    try {
      const after = await told(knownOf(file === null ? NOTHING_TOLD : readState(file), destination))
      if (file !== null && runsDirectory !== null) writeState(runsDirectory, file, after, scrub)
    } catch (error) {
      // Whatever it is, the run has ended as it has.
      warn('notify', {
        code: 'not_remembered',
        message: `what was told cannot be kept in ${runsDirectory}, so the next run tells it again: ${error}`,
        next: `Make room on the disk, and let this user write to ${runsDirectory}.`,
      })
    }
  }

  return {
    started: () => ping?.start(),

    observe:
      hasMetrics || notify.maxAgeMs !== null
        ? async warehouse => {
            try {
              totals = await warehouse.streamTotals()
            } catch (error) {
              log.warn({ event: 'totals_unknown', message: String(error) })
            }
          }
        : null,

    ended: (ended, report, exitCode) =>
      remembering(state => {
        const shown = evidenceOf(ended, command === 'reconcile' ? 'reconcile' : 'sync', selected)
        const evidence = [shown, behind(agesOf(latest(state)), app.now(), app.run)]
        return tell(state, { evidence, run: app.run, at: ended.finished_at, report, exitCode })
      }),

    looked: (found, seen, report, exitCode) =>
      remembering(state => {
        const streams = new Set(seen?.map(({ stream }) => stream))
        const ends: Evidence['ends'] = ({ about, stream }) =>
          about === 'sync' && (stream === null || streams.has(stream))
        const evidence = [{ found, ends }, behind(agesOf(seen ?? state.streams), app.now(), null)]
        return tell(state, { evidence, run: null, at: app.now(), report, exitCode })
      }),
  }
}

/** The exit code of a run that found another one at work. */
const HELD = 4

/** What there is to say to somebody who was told `told`, now that `open` is wrong. */
function eventOf(open: readonly string[], told: readonly string[]): Event {
  if (open.some(name => !told.includes(name))) return 'failure'
  if (open.length > 0) return 'still_failing'
  return told.length > 0 ? 'recovery' : 'success'
}

const isWanted = (event: Event, on: readonly Occasion[]): boolean =>
  on.includes('always') || on.some(occasion => occasion === event)

/** A shorter text may be a part of anything. */
const SHORTEST = 8

/** The variables that hold no secret of the configuration: what a command is told, it need not have. */
const withoutSecrets = (environment: NodeJS.ProcessEnv, secrets: readonly string[]): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(environment).filter(
      ([, value = '']) => !secrets.some(secret => secret.length >= SHORTEST && value.includes(secret)),
    ),
  )
