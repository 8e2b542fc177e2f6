import { existsSync } from 'node:fs'
import { Argument, type Command, InvalidArgumentError, Option } from 'commander'
import { ConfigError } from '../../common/errors.ts'
import { STREAM_NAMES, STREAMS } from '../app.ts'
import { check } from '../commands/check.ts'
import { completion, INSTALLED, NAME, SHELLS, type Shell } from '../commands/completion.ts'
import { dbtSourcesFile } from '../commands/dbt-sources.ts'
import { plan } from '../commands/plan.ts'
import { query } from '../commands/query.ts'
import { COMPARED, reconcile } from '../commands/reconcile.ts'
import { status, statusThatNotifies } from '../commands/status.ts'
import { streams } from '../commands/streams.ts'
import { commandTree } from '../completion/command-tree.ts'
import { DEFAULT_FILE } from '../config/from-environment.ts'
import { durationMs } from '../config/schema.ts'
import { type Cli, configured, type Flags, monthOf, selected, selecting } from './cli.ts'

/** Names that a shell completes. */
const KNOWN = {
  streams: STREAM_NAMES,
  importable: STREAMS.filter(stream => stream.export !== null).map(({ name }) => name),
}

/** Commands that say what there is. */
export function addReadingCommands({ command, open, progressOf, print, finish, interruption, look }: Cli): void {
  selecting(
    configured(command('check', 'Checks configuration, token, scopes and destination. Writes nothing.', 'check')),
  ).action(async (flags: Flags) => {
    const { app: opened } = open(flags)
    print(await check(opened, selected(opened, flags), interruption), flags)
  })

  configured(
    command('streams', 'Lists every stream: its scope, mode, tables, rows and checkpoint.', 'streams --json'),
  ).action(async (flags: Flags) => {
    // What is declared can be listed without anything. A file that is there, or was named, has to be right.
    const isOptional = flags.config === undefined && !existsSync(DEFAULT_FILE)
    try {
      print(await streams(open(flags, false).app, interruption), flags)
    } catch (error) {
      if (!isOptional || !(error instanceof ConfigError)) throw error
      print(await streams(null, interruption, look), flags)
    }
  })

  selecting(
    configured(
      command('plan', 'Shows what a sync would do: requests, minutes, DDL. Writes nothing.', 'plan --streams charges'),
    ),
  ).action(async (flags: Flags) => {
    const { app: opened } = open(flags)
    print(await plan(opened, selected(opened, flags), interruption), flags)
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
    .option(
      '--max-age <duration>',
      'exit 1 if a stream is older than this, for example 30m or 2h; default: notify.max_age',
      text => {
        const ms = durationMs(text)
        if (ms === null) throw new InvalidArgumentError('Give a number with a unit: 30s, 15m, 2h or 1d.')
        return ms
      },
    )
    .option('--notify', 'tell what is wrong to those whom `notify` in the configuration names, as a run does')
    .action(async (flags: Flags & { readonly maxAge?: number; readonly notify?: true }) => {
      const { app: opened, config } = open(flags, false)
      const shown = flags.notify ? statusThatNotifies : status
      const maxAge = flags.maxAge ?? config.notify.maxAgeMs
      await finish(await shown(opened, selected(opened, flags), maxAge), flags)
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
    .addOption(
      new Option('--list', 'list tables and views with what they are, or the columns of one').conflicts('file'),
    )
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
        const { app: opened } = open(flags, false)
        const { file = null, csv = false, list: isList = false } = flags
        const asked = { argument: sql ?? null, file, list: isList, csv }
        print(await query(opened, asked, process, interruption), flags)
      },
    )

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
      const { app: opened } = open(flags)
      using progress = progressOf(flags, opened)
      const how = { sample: flags.sample ?? null, repair: flags.repair ?? false }
      await finish(await reconcile(opened, selected(opened, flags), how, progress, interruption), flags)
    })

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
      const { reportPage } = await import('../commands/report-page.ts')
      const months = { from: flags.from ?? null, to: flags.to ?? null }
      print(await reportPage(open(flags, false).app, { out: flags.out, months }), flags)
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
      const { app: opened } = open(flags, false)
      print(await dbtSourcesFile(opened, selected(opened, flags), flags.out ?? null), flags)
    })

  command('completion', 'Prints the script by which a shell completes commands, flags and names.', 'completion bash')
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .addHelpText('after', INSTALLED)
    .action((shell: Shell, flags: Flags, own: Command) => {
      if (own.parent !== null) print(completion(commandTree(own.parent, NAME, KNOWN), shell), flags)
    })
}
