import { resolve } from 'node:path'
import { createApp, STREAM_NAMES, STREAMS, select } from './cli/app.ts'
import { runJob } from './cli/commands/run.ts'
import { syncWork } from './cli/commands/sync.ts'
import { configFrom } from './cli/config/load.ts'
import type { Settings as FileSettings } from './cli/config/schema.ts'
import { createProgressEvents, type ProgressEvent } from './cli/progress-events.ts'
import type { Level } from './common/log.ts'
import type { RunReport } from './common/run-report.ts'
import { NO_PROGRESS } from './pipeline/progress.ts'

/*
 * The library: what a program imports from `recharge-sync`. It composes what the command `sync` composes, and leaves the
 * process alone: it does not read the environment, print, handle signals or exit. Only the driver of Postgres reads its
 * own variables (`PGUSER`, `PGSSLMODE`, …), for what the address of the database leaves out.
 */

export type { ProgressEvent, StreamProgress } from './cli/progress-events.ts'
export type { Problem } from './common/errors.ts'
export {
  ConfigError,
  type ConfigProblem,
  ContractError,
  DestinationError,
  Interrupted,
  SourceError,
  SyncError,
} from './common/errors.ts'
export type { Gap, Instant, RunId } from './common/model.ts'
export type { Outcome, RunReport, StreamReport } from './common/run-report.ts'

/** The settings of `sync.config.yaml` but for `notify` and `metrics`: the program that gets the report acts on it. */
export type Settings = Omit<FileSettings, 'notify' | 'metrics'>

/** Names of all streams, for `streams`. */
export const streamNames: readonly string[] = STREAM_NAMES

export interface SyncOptions {
  /**
   * Folder in which the report of each run is kept as `<run>.json`; made if it does not exist. A relative path starts in
   * the working directory. Default: no report is written to a file. A folder that cannot be written does not fail the run.
   */
  readonly reports?: string | undefined
  /** Least level of the JSON lines that are logged on stderr. Default: `silent`, nothing is printed. */
  readonly logLevel?: Level | undefined
}

export interface RunOptions {
  /**
   * Interrupts the run: it ends within five seconds, and what was committed stands. A database that hangs for longer is
   * left alone: its connections are cut, and it rolls back.
   */
  readonly signal?: AbortSignal | undefined
  /**
   * Called synchronously with the progress of each stream. If it throws, the run is interrupted and `run` rejects with
   * what it threw.
   */
  readonly onProgress?: ((event: ProgressEvent) => void) | undefined
}

export interface Sync {
  /**
   * One incremental run over the selected streams: the first reads everything, later ones what changed. An interrupted
   * run is continued by the next.
   * @returns the run report. Errors of the API, the destination and single streams do not reject: `outcome` is then
   * `failed`, and `problem`, of the run or of a stream, has a code, a message and the next step. After `signal` the
   * outcome is `interrupted`. While another run writes to the destination, `problem.code` is `held`.
   * An error that nobody foresaw has the code `bug`: of its stream, or of the run.
   * @throws what `onProgress` throws.
   */
  run(options?: RunOptions): Promise<RunReport>
}

/**
 * Prepares syncs of one store into one destination. Nothing is contacted before `run`, and no file is
 * opened but that of `token_file`.
 *
 * ```ts
 * const sync = createSync({
 *   recharge: { token },
 *   destination: { duckdb: 'warehouse.duckdb' },
 *   streams: ['orders', 'charges'],
 * })
 * const report = await sync.run({ signal, onProgress: ({ stream, records }) => show(stream, records) })
 * ```
 *
 * @param settings the keys, values and defaults of `sync.config.yaml` without `notify` and `metrics`, as `docs/sync.config.schema.json` describes them:
 * durations are text with a unit (`90s`, `1d`), days are text (`2015-01-01`). A text is taken as it is: `${NAME}` does not
 * read the environment. A relative path starts in the working directory at the time of this call.
 * @throws {ConfigError} naming every wrong, missing and unknown setting by its path.
 */
export function createSync(settings: Settings, { reports, logLevel = 'silent' }: SyncOptions = {}): Sync {
  const config = configFrom(settings, STREAMS)
  const runsDirectory = reports === undefined ? null : resolve(reports)
  return {
    async run({ signal, onProgress } = {}) {
      const app = createApp(config, { level: logLevel, runsDirectory })
      const stop = new AbortController()
      const failures: unknown[] = []
      using progress = onProgress
        ? createProgressEvents(onProgress, error => {
            failures.push(error)
            stop.abort()
          })
        : NO_PROGRESS
      const either = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal
      const report = await runJob(app, select(app, null), syncWork(app), progress, either)
      if (failures.length > 0) throw failures[0]
      return report
    },
  }
}
