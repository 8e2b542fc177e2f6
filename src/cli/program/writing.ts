import type { Instant } from '../../common/model.ts'
import { select } from '../app.ts'
import { backfill } from '../commands/backfill.ts'
import { replay } from '../commands/replay.ts'
import { reset } from '../commands/reset.ts'
import { fullRefresh, sync } from '../commands/sync.ts'
import { type Cli, configured, type Flags, instantOf, list, selected, selecting } from './cli.ts'

/** Commands that write to the warehouse. */
export function addWritingCommands({ command, open, output, progressOf, print, finish, interruption }: Cli): void {
  command('demo', 'Syncs a made-up store into a DuckDB file. Needs no account and no configuration.', 'demo').action(
    async (flags: Flags) => {
      // Loaded only for this command: the simulator takes memory that the other commands need not pay for.
      const { demo } = await import('../commands/demo.ts')
      using progress = progressOf(flags, null)
      print(await demo(output(flags, 'warn'), progress, interruption), flags)
    },
  )

  selecting(
    configured(
      command(
        'sync',
        'Loads what changed since the last run into the destination. Run it from cron.',
        'sync --streams orders,charges',
        "sync --select 'order*' --full-refresh",
      ),
    ),
  )
    .option('--full-refresh', 'read the selected streams from their start, as after a reset. Rows stay.')
    .option('--i-know', 'with --full-refresh: also streams of which Recharge no longer returns part of the records')
    .action(async (flags: Flags & { readonly fullRefresh?: true; readonly iKnow?: true }) => {
      const { app: opened } = open(flags)
      using progress = progressOf(flags, opened)
      const selection = selected(opened, flags)
      const result = flags.fullRefresh
        ? await fullRefresh(opened, selection, flags.iKnow ?? false, progress, interruption)
        : await sync(opened, selection, progress, interruption)
      await finish(result, flags)
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
      const { app: opened, config } = open(flags)
      using progress = progressOf(flags, opened)
      const window = { since: flags.from ?? config.recharge.start, until: flags.to ?? null }
      const range = { window, newestFirst: flags.newestFirst ?? false }
      const selection = selected(opened, flags)
      await finish(await backfill(opened, selection, range, progress, interruption), flags)
    })

  selecting(
    configured(
      command(
        'replay',
        'Loads rejected records again, from the warehouse. Sends no request to Recharge.',
        'replay --streams orders',
      ),
    ),
  ).action(async (flags: Flags) => {
    const { app: opened } = open(flags)
    print(await replay(opened, selected(opened, flags), interruption), flags)
  })

  configured(
    command(
      'reset',
      'Deletes the checkpoints of streams, so that the next sync reads them from the start. Rows stay.',
      'reset orders customers',
      "reset 'credit*' --exclude credit_summaries",
    ),
  )
    .argument('<streams...>', 'names of streams, or patterns such as order*')
    .option('--exclude <patterns>', 'without streams that match', list)
    .option('--i-know', 'reset a stream even if Recharge no longer returns part of its records')
    .action(async (names: readonly string[], flags: Flags & { readonly iKnow?: true }) => {
      const { app: opened } = open(flags)
      const { streams } = select(opened, null, { ...flags, select: names })
      print(await reset(opened, streams, flags.iKnow ?? false, interruption), flags)
    })

  configured(
    command(
      'forget',
      'Erases what is personal of a customer, in the warehouse and in local reports, and keeps it out of later runs.',
      'forget --customer 12345 --dry-run',
    ),
  )
    .option('--customer <id>', 'id of the customer in Recharge')
    .option('--email <address>', 'every customer with this email address')
    .option('--dry-run', 'show what would be erased, and write nothing')
    .action(async (flags: Flags & { readonly customer?: string; readonly email?: string; readonly dryRun?: true }) => {
      const { forgetPerson } = await import('../commands/forget.ts')
      const { customer = null, email = null, dryRun = false } = flags
      print(await forgetPerson(open(flags, false).app, { customer, email, dryRun }, interruption), flags)
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
        const { importable, importFile, rangeOf } = await import('../commands/import.ts')
        const stream = importable(name)
        const range = rangeOf(flags.completeFrom ?? null, flags.completeTo ?? null)
        print(
          await importFile(open(flags).app, stream, file, { dryRun: flags.dryRun ?? false, range }, interruption),
          flags,
        )
      },
    )

  configured(
    command('views', 'Makes the views for analysts, as each sync does. Reads nothing from Recharge.', 'views --json'),
  ).action(async (flags: Flags) => {
    const { views } = await import('../commands/views.ts')
    print(await views(open(flags, false).app, interruption), flags)
  })
}
