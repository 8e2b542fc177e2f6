import { Option } from 'commander'
import type { InitOptions } from '../commands/init.ts'
import { SCHEDULERS } from '../config/init/schedule.ts'
import type { Cli, Flags } from './cli.ts'

/** The command that makes the settings. */
export function addSetupCommands({ command, use, progressOf, print, interruption: signal }: Cli): void {
  command(
    'init',
    'Makes the settings in this folder: asks for token and destination, tries both, and writes the files. Overwrites nothing.',
    'init --token-env RECHARGE_ACCESS_TOKEN --duckdb state/warehouse.duckdb',
  )
    .option('--token-env <name>', 'the token is in this variable; default: RECHARGE_ACCESS_TOKEN, if it is set')
    .option('--token-file <file>', 'the token is in this file, and stays there')
    .option('--duckdb <file>', 'rows go to this DuckDB file')
    .option('--postgres <address>', 'rows go to this Postgres database; an address without a password')
    .option('--postgres-env <name>', 'the same, and this variable has the address')
    .option('--schema <name>', 'schema that the tables are in; default: recharge')
    .option('--yes', 'ask nothing, and take the default where nothing is given')
    .option('--sync', 'run the first sync at once')
    .addOption(new Option('--schedule <kind>', 'what is printed for hourly runs').choices(SCHEDULERS))
    .addHelpText(
      'after',
      `
Without a terminal nothing is asked. The token is never an argument: other users of this machine can see a command line.
RECHARGE_ACCESS_TOKEN, RECHARGE_ACCESS_TOKEN_FILE, DESTINATION and DESTINATION_SCHEMA of the environment count as answers.`,
    )
    .action(async (flags: Flags & InitOptions) => {
      const { init } = await import('../commands/init.ts')
      const isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true
      const context = {
        environment: process.env,
        isInteractive: isTerminal && !flags.yes && !flags.json,
        createApp: use.bind(null, flags),
        progressOf: progressOf.bind(null, flags),
        signal,
      }
      print(await init(flags, context), flags)
    })
}
