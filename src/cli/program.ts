import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { ConfigError, QueryError, SyncError } from '../common/errors.ts'
import { parseInstant } from '../common/instant.ts'
import { LEVELS, type Level } from '../common/log.ts'
import type { Instant } from '../common/model.ts'
import { below, lines, printableJson } from '../common/printable.ts'
import type { Secrets } from '../common/secrets.ts'
import { NO_PROGRESS, type Progress } from '../pipeline/progress.ts'
import { type App, createApp, STREAM_NAMES, STREAMS, select } from './app.ts'
import { backfill } from './commands/backfill.ts'
import { check } from './commands/check.ts'
import { dbtSourcesFile } from './commands/dbt-sources.ts'
import { plan } from './commands/plan.ts'
import { query } from './commands/query.ts'
import { COMPARED, reconcile } from './commands/reconcile.ts'
import { replay } from './commands/replay.ts'
import { reset } from './commands/reset.ts'
import type { Result } from './commands/result.ts'
import { status } from './commands/status.ts'
import { streams } from './commands/streams.ts'
import { sync } from './commands/sync.ts'
import { type Config, loadConfig } from './config/load.ts'
import { nearest } from './config/nearest.ts'
import { proxyFromEnvironment } from './config/proxy.ts'
import { durationMs } from './config/schema.ts'
import { BUG, exitCodeOf, USAGE } from './exit-codes.ts'
import { interruptOnSignals } from './interruption.ts'
import { createProgress } from './progress.ts'

interface Flags {
  readonly config: string
  readonly json?: true
  readonly logLevel?: Level
  readonly progress: boolean
  readonly streams?: readonly string[]
}

/** Set once the configuration is read; before that nothing secret is known. */
let secrets: Secrets = { scrub: text => text }

const interruption = interruptOnSignals()
/*
 * `head` and the like close the pipe early. That ends neither the run nor what is known of it: what is printed from then
 * on is lost, the report is kept, and the exit code is as usual.
 */
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
/*
 * DuckDB makes its file, the log beside it and its temporary files with the rights that the user's umask leaves, and all
 * of them hold a store's records. Whatever this process makes is for this user alone.
 */
process.umask(0o077)

const program = new Command('recharge-sync')
  .description('Syncs a Recharge store into typed tables in Postgres or DuckDB.')
  .exitOverride()
  .showHelpAfterError('(add --help for the flags and an example)')

program.configureOutput({
  writeOut: text => process.stdout.write(text),
  // It quotes what was typed.
  writeErr: text => process.stderr.write(`${lines(...text.trimEnd().split('\n'))}\n`),
})

const list = (value: string): string[] => value.split(',').map(name => name.trim())

function instantOf(text: string): Instant {
  const instant = parseInstant(text, 'UTC')
  if (instant === null)
    throw new InvalidArgumentError('Give a day or a time, such as 2024-01-31 or 2024-01-31T12:00:00Z.')
  return instant
}

/** The first day of a month. */
function monthOf(text: string): string {
  if (!/^[12]\d{3}-(0[1-9]|1[0-2])$/.test(text)) throw new InvalidArgumentError('Give a month, such as 2025-03.')
  return `${text}-01`
}

function command(name: string, description: string, example: string): Command {
  return program
    .command(name)
    .description(description)
    .addHelpText('after', `\nExample:\n  npm run -s cli -- ${example}`)
    .exitOverride()
    .option('--json', 'print the result as one JSON document on stdout')
    .addOption(new Option('--log-level <level>', 'log lines of this level and above, on stderr').choices(LEVELS))
    .option('--no-progress', 'do not show progress on stderr')
}

const configured = (of: Command): Command => of.option('--config <file>', 'configuration file', 'sync.config.yaml')
const selecting = (of: Command): Command =>
  of.option('--streams <names>', 'only these streams, separated by commas', list)

/** @param needsToken false: the command only reads the warehouse, and works without a token. */
function app(flags: Flags, needsToken = true): { app: App; config: Config } {
  const config = loadConfig(flags.config, STREAMS, process.env, needsToken)
  const opened = createApp(config, { level: levelOf(flags), proxy: proxyFromEnvironment() })
  secrets = opened.secrets
  return { app: opened, config }
}

/** On a terminal the progress lines are enough; elsewhere, in cron for example, the log is kept. */
const levelOf = (flags: Flags): Level => flags.logLevel ?? (process.stderr.isTTY ? 'warn' : 'info')

function progressOf(flags: Flags, app: App | null): Progress {
  if (!flags.progress) return NO_PROGRESS
  const perSecond = app && (() => app.source.tier.perSecond)
  return createProgress({ out: process.stderr, monotonic: () => performance.now(), perSecond })
}

function print({ code, json, text }: Result, flags: Flags): void {
  process.stdout.write(`${secrets.scrub(flags.json ? printableJson(json) : text)}\n`)
  process.exitCode = code
}

command('demo', 'Syncs a made-up store into a DuckDB file. Needs no account and no configuration.', 'demo').action(
  async (flags: Flags) => {
    // Loaded only for this command: the simulator takes memory that the other commands need not pay for.
    const { demo } = await import('./commands/demo.ts')
    using progress = progressOf(flags, null)
    print(await demo({ level: flags.logLevel ?? 'warn' }, progress, interruption), flags)
  },
)

selecting(
  configured(command('check', 'Checks configuration, token, scopes and destination. Writes nothing.', 'check')),
).action(async (flags: Flags) => {
  const { app: opened } = app(flags)
  print(await check(opened, select(opened, flags.streams ?? null), interruption), flags)
})

configured(
  command('streams', 'Lists every stream: its scope, mode, tables, rows and checkpoint.', 'streams --json'),
).action(async (flags: Flags) => print(await streams(app(flags).app, interruption), flags))

selecting(
  configured(
    command('plan', 'Shows what a sync would do: requests, minutes, DDL. Writes nothing.', 'plan --streams charges'),
  ),
).action(async (flags: Flags) => {
  const { app: opened } = app(flags)
  print(await plan(opened, select(opened, flags.streams ?? null), interruption), flags)
})

selecting(
  configured(
    command(
      'sync',
      'Loads what changed since the last run into the destination. Run it from cron.',
      'sync --streams orders,charges',
    ),
  ),
).action(async (flags: Flags) => {
  const { app: opened } = app(flags)
  using progress = progressOf(flags, opened)
  print(await sync(opened, select(opened, flags.streams ?? null), progress, interruption), flags)
})

selecting(
  configured(
    command(
      'backfill',
      'Reads a time range again. Never moves a checkpoint back, never deletes; resumes an interrupted backfill.',
      'backfill --streams orders --from 2024-01-01 --to 2025-01-01',
    ),
  ),
)
  .option('--from <day>', 'records changed at or after; default: recharge.start, or everything', instantOf)
  .option('--to <day>', 'records changed at or before; default: now', instantOf)
  .option('--newest-first', 'read the newest part of the range first')
  .action(async (flags: Flags & { readonly from?: Instant; readonly to?: Instant; readonly newestFirst?: true }) => {
    const { app: opened, config } = app(flags)
    using progress = progressOf(flags, opened)
    const window = { since: flags.from ?? config.recharge.start, until: flags.to ?? null }
    const range = { window, newestFirst: flags.newestFirst ?? false }
    const selection = select(opened, flags.streams ?? null)
    print(await backfill(opened, selection, range, progress, interruption), flags)
  })

selecting(
  configured(
    command(
      'reconcile',
      'Compares the warehouse with Recharge, record by record, and exits 1 if they differ.',
      'reconcile --streams orders --repair',
    ),
  ),
)
  .addHelpText('after', COMPARED)
  .option('--sample <months>', 'compare counts, and records only in this many months of each stream', text => {
    if (!/^\d{1,4}$/.test(text)) throw new InvalidArgumentError('Give a number of months; 0 compares only counts.')
    return Number(text)
  })
  .option('--repair', 'read each record that differs again by its id, and mark it as deleted on a 404')
  .action(async (flags: Flags & { readonly sample?: number; readonly repair?: true }) => {
    const { app: opened } = app(flags)
    using progress = progressOf(flags, opened)
    const how = { sample: flags.sample ?? null, repair: flags.repair ?? false }
    print(await reconcile(opened, select(opened, flags.streams ?? null), how, progress, interruption), flags)
  })

selecting(
  configured(
    command(
      'status',
      'Shows for each stream from when to when it is complete, its rows and its last run, whatever that reached. Exits 1 if it failed.',
      'status --max-age 2h',
    ),
  ),
)
  .option('--max-age <duration>', 'exit 1 if a stream is older than this, for example 30m or 2h', text => {
    const ms = durationMs(text)
    if (ms === null) throw new InvalidArgumentError('Give a number with a unit: 30s, 15m, 2h or 1d.')
    return ms
  })
  .action(async (flags: Flags & { readonly maxAge?: number }) => {
    const { app: opened } = app(flags)
    print(await status(opened, select(opened, flags.streams ?? null), flags.maxAge ?? null), flags)
  })

configured(
  command(
    'query',
    'Answers one SQL query on the warehouse, as a table, as CSV or as JSON. Changes nothing.',
    'query "select status, count(*) from orders group by 1"',
  ),
)
  .argument('[sql]', 'the query; - or nothing: it comes from stdin. With --list: a table or view')
  .option('--file <file>', 'the query is in this file')
  .addOption(new Option('--csv', 'print the result as CSV').conflicts('json'))
  .addOption(new Option('--list', 'list tables and views with what they are, or the columns of one').conflicts('file'))
  .addHelpText(
    'after',
    `
A name without a schema is looked for among the views, then among the tables. Times are in UTC.
With --json an integer is a number as long as a float holds it, and text beyond that; a decimal is always text, with all its digits.`,
  )
  .action(
    async (
      sql: string | undefined,
      flags: Flags & { readonly file?: string; readonly csv?: true; readonly list?: true },
    ) => {
      const { app: opened } = app(flags, false)
      const { file = null, csv = false, list: isList = false } = flags
      const asked = { argument: sql ?? null, file, list: isList, csv }
      print(await query(opened, asked, process, interruption), flags)
    },
  )

selecting(
  configured(
    command(
      'replay',
      'Loads rejected records again, from the warehouse. Sends no request to Recharge.',
      'replay --streams orders',
    ),
  ),
).action(async (flags: Flags) => {
  const { app: opened } = app(flags)
  print(await replay(opened, select(opened, flags.streams ?? null), interruption), flags)
})

configured(
  command('views', 'Makes the views for analysts, as each sync does. Reads nothing from Recharge.', 'views --json'),
).action(async (flags: Flags) => {
  const { views } = await import('./commands/views.ts')
  print(await views(app(flags).app, interruption), flags)
})

configured(
  command(
    'reset',
    'Deletes the checkpoint of a stream, so that the next sync reads it from the start. Rows stay.',
    'reset orders',
  ),
)
  .argument('<stream>', 'name of the stream')
  .option('--i-know', 'reset a stream even if Recharge no longer returns part of its records')
  .action(async (name: string, flags: Flags & { readonly iKnow?: true }) => {
    const stream = STREAMS.find(declared => declared.name === name)
    if (!stream)
      throw new ConfigError('the command line', [
        { path: 'reset', line: null, message: `there is no stream ${name}${nearest(name, STREAM_NAMES)}` },
      ])
    print(await reset(app(flags).app, stream, flags.iKnow ?? false), flags)
  })

configured(
  command(
    'import',
    'Loads a CSV export of the merchant portal: charges older than the API returns. Never overwrites a row from the API.',
    'import charges charges-2023.csv --dry-run',
  ),
)
  .argument('<stream>', 'stream that the records belong to: charges')
  .argument('<file>', 'CSV file in UTF-8; docs/streams.md lists the columns that are read')
  .option('--dry-run', 'show what would be loaded, and write nothing')
  .option(
    '--complete-from <time>',
    'say that the file has every processed record from this time on: complete_from moves back to it',
    instantOf,
  )
  .option('--complete-to <time>', 'with --complete-from: up to this time; default: its newest record', instantOf)
  .action(
    async (
      name: string,
      file: string,
      flags: Flags & { readonly dryRun?: true; readonly completeFrom?: Instant; readonly completeTo?: Instant },
    ) => {
      const { importable, importFile, rangeOf } = await import('./commands/import.ts')
      const stream = importable(name)
      const range = rangeOf(flags.completeFrom ?? null, flags.completeTo ?? null)
      print(
        await importFile(app(flags).app, stream, file, { dryRun: flags.dryRun ?? false, range }, interruption),
        flags,
      )
    },
  )

configured(
  command(
    'report',
    'Writes a page with the figures of the store: revenue, subscribers, churn, cohorts, payments. Reads the views only.',
    'report --out report.html --from 2025-01 --to 2025-12',
  ),
)
  .option('--out <file>', 'HTML file to write', 'report.html')
  .option('--from <month>', 'first month; default: a year before the last', monthOf)
  .option('--to <month>', 'last month; default: that of the newest data', monthOf)
  .action(async (flags: Flags & { readonly out: string; readonly from?: string; readonly to?: string }) => {
    // Loaded only for this command, with the library that draws.
    const { reportPage } = await import('./commands/report-page.ts')
    const months = { from: flags.from ?? null, to: flags.to ?? null }
    print(await reportPage(app(flags).app, { out: flags.out, months }), flags)
  })

selecting(
  configured(
    command(
      'dbt-sources',
      'Writes a sources file for dbt: tables and views with descriptions, keys, references, known values and freshness.',
      'dbt-sources --out models/recharge.yml',
    ),
  ),
)
  .option('--out <file>', 'write to this file; default: stdout')
  .action(async (flags: Flags & { readonly out?: string }) => {
    const { app: opened } = app(flags)
    print(await dbtSourcesFile(opened, select(opened, flags.streams ?? null), flags.out ?? null), flags)
  })

/** Prints an error that ended a command, and sets the exit code. */
function fail(error: unknown): void {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : USAGE
    return
  }
  if (error instanceof SyncError) {
    const message = error instanceof ConfigError || error instanceof QueryError ? error.text : lines(error.message)
    process.stderr.write(`${secrets.scrub(below(message, lines(error.next)))}\n`)
    process.exitCode = exitCodeOf(error)
    return
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  const text = lines('This is a bug in recharge-sync; please report it:', ...stack.split('\n').map(line => `  ${line}`))
  process.stderr.write(`${secrets.scrub(text)}\n`)
  process.exitCode = BUG
}

try {
  await program.parseAsync()
} catch (error) {
  fail(error)
}
// What was printed into a pipe goes out as its reader takes it, and an exit would cut it off.
for (const stream of [process.stdout, process.stderr])
  await new Promise<void>(resolve => {
    if (stream.destroyed) resolve()
    else stream.write('', () => resolve())
  })
// Only idle connections are still open.
process.exit()
