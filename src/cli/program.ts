import { Command, CommanderError } from 'commander'
import { ConfigError, QueryError, SyncError } from '../common/errors.ts'
import { below, lines } from '../common/printable.ts'
import { VERSION } from '../common/version.ts'
import { BUG, exitCodeOf, USAGE } from './exit-codes.ts'
import { interruptOnSignals } from './interruption.ts'
import { createCli, styleHelp } from './program/cli.ts'
import { addFleetCommands } from './program/fleet.ts'
import { addReadingCommands } from './program/reading.ts'
import { addSetupCommands } from './program/setup.ts'
import { addWritingCommands } from './program/writing.ts'
import { STARTED_AS } from './started-as.ts'

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

const program = styleHelp(new Command(STARTED_AS))
  .description('Syncs a Recharge store into typed tables in Postgres or DuckDB.')
  .version(VERSION, '--version', 'print the version')
  .exitOverride()
  .showHelpAfterError('(add --help for the flags and an example)')

program.configureOutput({
  writeOut: text => process.stdout.write(text),
  // It quotes what was typed.
  writeErr: text => process.stderr.write(`${lines(...text.trimEnd().split('\n'))}\n`),
})

const cli = createCli(program, interruptOnSignals())
program.commandsGroup('Commands to begin with:')
addSetupCommands(cli)
program.commandsGroup('Commands that load:')
addWritingCommands(cli)
program.commandsGroup('Commands that show:')
addReadingCommands(cli)
addFleetCommands(cli)

/** Prints an error that ended a command, and sets the exit code. */
function fail(error: unknown): void {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : USAGE
    return
  }
  if (error instanceof SyncError) {
    const message = error instanceof ConfigError || error instanceof QueryError ? error.text : lines(error.message)
    process.stderr.write(`${cli.scrub(below(message, lines(error.next)))}\n`)
    process.exitCode = exitCodeOf(error)
    return
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  const text = lines('This is a bug in recharge-sync; please report it:', ...stack.split('\n').map(line => `  ${line}`))
  process.stderr.write(`${cli.scrub(text)}\n`)
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
