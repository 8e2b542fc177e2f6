import { styleText } from 'node:util'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { parseInstant } from '../../common/instant.ts'
import { LEVELS, type Level, type LogWriter, stderrWriter } from '../../common/log.ts'
import type { Instant } from '../../common/model.ts'
import { printableJson } from '../../common/printable.ts'
import type { Secrets } from '../../common/secrets.ts'
import { NO_PROGRESS, type Progress } from '../../pipeline/progress.ts'
import { type App, type AppOptions, createApp, type Selection, STREAMS, select } from '../app.ts'
import type { Result } from '../commands/result.ts'
import { loadFleet } from '../config/fleet.ts'
import { DEFAULT_FILE, readConfig } from '../config/from-environment.ts'
import type { Config } from '../config/load.ts'
import { proxyFromEnvironment } from '../config/proxy.ts'
import { textWriter } from '../log-text.ts'
import { type Look, lookOf } from '../look.ts'
import { createLogProgress, createProgress } from '../progress.ts'
import { createProgressEvents, type ProgressEvent } from '../progress-events.ts'
import { createScreen } from '../screen.ts'
import { STARTED_AS } from '../started-as.ts'
import type { StreamFlags } from '../stream-patterns.ts'

/** Forms of the log. */
export const LOG_FORMATS = ['text', 'json'] as const

export interface Flags extends StreamFlags {
  /** Default: the usual file, and without it the environment. */
  readonly config?: string
  readonly store?: string
  readonly json?: true
  readonly logLevel?: Level
  readonly logFormat: (typeof LOG_FORMATS)[number]
  readonly progress: boolean
}

/** @param examples what is typed after the name of the program. */
type MakeCommand = (name: string, description: string, ...examples: readonly string[]) => Command

/** What the commands share: how they are declared, how they open the parts that they need, and how they print. */
export interface Cli {
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly interruption: AbortSignal
  /** How results look on stdout. */
  readonly look: Look
  readonly command: MakeCommand
  /** A group of commands, and how they are made. */
  group(name: string, description: string): MakeCommand
  /** What is removed from all that is printed from now on. */
  keepSecrets(found: Secrets): void
  /** @param needsToken false: the command only reads the warehouse, and works without a token. */
  open(flags: Flags, needsToken?: boolean): { readonly app: App; readonly config: Config }
  /** The parts for a configuration. Its secrets are hidden from then on. */
  use(flags: Flags, config: Config): App
  /** How the log and results are written. @param least level, unless the flags name one. */
  output(flags: Flags, least?: Level): Pick<AppOptions, 'level' | 'writer' | 'look'>
  progressOf(flags: Flags, app: App | null): Progress
  /** Prints the result and sets the exit code. */
  print(result: Result, flags: Flags): void
  /** Prints the result, and then tells others of it: whoever waits for the output does not wait for them. */
  finish(result: Result, flags: Flags): Promise<void>
  /** Removes secrets from a text. */
  scrub(text: string): string
}

export function createCli(program: Command, interruption: AbortSignal): Cli {
  /** Set once the configuration is read; before that nothing secret is known. */
  let secrets: Secrets = { scrub: text => text }
  const screen = createScreen(process.stderr)
  const look = lookOf(process.stdout)
  const errorLook = lookOf(process.stderr)
  // A terminal that is called dumb cannot erase a line.
  const isTerminal = errorLook.isTerminal && process.env.TERM !== 'dumb'
  const isForPerson = ({ logFormat }: Flags): boolean => isTerminal && logFormat === 'text'
  const writerOf = (flags: Flags): LogWriter => {
    const stderr = stderrWriter()
    if (flags.logFormat === 'json') return stderr
    return textWriter(isTerminal ? screen.print : text => stderr.write(`${text}\n`), errorLook)
  }
  const output: Cli['output'] = (flags, least) => ({
    // On a terminal progress is enough; elsewhere, in cron for example, the log tells the run.
    level: flags.logLevel ?? least ?? (isForPerson(flags) ? 'warn' : 'info'),
    writer: writerOf(flags),
    look,
  })
  const use: Cli['use'] = (flags, config) => {
    const app = createApp(config, { ...output(flags), proxy: proxyFromEnvironment() })
    secrets = app.secrets
    return app
  }
  const print: Cli['print'] = ({ code, json, text }, flags) => {
    if (look.isTerminal) screen.close()
    else screen.clear()
    process.stdout.write(`${secrets.scrub(flags.json ? printableJson(json) : text)}\n`)
    process.exitCode = code
  }
  return {
    interruption,
    use,
    look,
    output,
    command: commandIn(program),
    group: (name, description) => commandIn(program.command(name).description(description).exitOverride()),
    keepSecrets(found) {
      secrets = found
    },
    open(flags, needsToken = true) {
      const config = configOf(flags, needsToken)
      return { app: use(flags, config), config }
    },
    progressOf(flags, app) {
      if (!flags.progress) return NO_PROGRESS
      // The process that works on the whole fleet watches that this one goes on.
      if (flags.store !== undefined && process.connected) return createProgressEvents(tellParent, () => {})
      const perSecond = app && (() => app.source.rate.per_second)
      const options = { monotonic: () => performance.now(), perSecond }
      if (isForPerson(flags)) return createProgress(screen, options, errorLook)
      return app === null ? NO_PROGRESS : createLogProgress(app.log, options)
    },
    print,
    async finish(result, flags) {
      print(result, flags)
      await result.after?.()
    },
    scrub: text => secrets.scrub(text),
  }
}

/** Makes commands below another one, or below the program itself. */
const commandIn =
  (parent: Command): MakeCommand =>
  (name, description, ...examples) =>
    parent
      .command(name)
      .description(description)
      .addHelpText(
        'after',
        `\nExample${examples.length > 1 ? 's' : ''}:\n${examples.map(example => `  ${STARTED_AS} ${example}`).join('\n')}`,
      )
      .exitOverride()
      .option('--json', 'print the result as one JSON document on stdout')
      .addOption(new Option('--log-level <level>', 'log lines of this level and above, on stderr').choices(LEVELS))
      .addOption(
        new Option('--log-format <format>', 'log lines as text for a person, or as JSON for a program')
          .choices(LOG_FORMATS)
          .default('text'),
      )
      .option('--no-progress', 'do not show progress on stderr')

/** The usual file of a fleet. */
export const FLEET_FILE = 'fleet.config.yaml'

/** The settings of the store that the flags name, or of the only one of the file. */
function configOf({ config, store }: Flags, needsToken: boolean): Config {
  if (store === undefined) return readConfig(config ?? null, STREAMS, process.env, needsToken)
  const file = config ?? FLEET_FILE
  const [found] = loadFleet(file, STREAMS, process.env, { only: store, needsToken }).stores
  if (found === undefined) throw new Error(`${file} has no store ${store}, and did not say so`)
  return found.config
}

function tellParent(event: ProgressEvent): void {
  // The parent may be gone: `interruption.ts` then ends the run.
  process.send?.(event, undefined, undefined, () => {})
}

/** Titles of the help in bold, where the terminal takes it. */
export const styleHelp = (program: Command): Command =>
  program.configureHelp({ styleTitle: text => styleText('bold', text, { validateStream: false }) })

export const list = (value: string, before: readonly string[] = []): string[] => [
  ...before,
  ...value.split(',').map(name => name.trim()),
]

export const configured = (of: Command): Command =>
  of
    .option('--config <file>', `configuration file (default: ${DEFAULT_FILE}; without one, the environment)`)
    .option('--store <name>', `a store of a fleet (its file by default: ${FLEET_FILE})`)

export const selecting = (of: Command): Command =>
  of
    .option('--streams <names>', 'only these streams, separated by commas', list)
    .option('--select <patterns>', "only streams that match, such as 'order*,charges'", list)
    .option('--exclude <patterns>', 'without streams that match', list)

/** The streams that the flags and the configuration select. */
export const selected = (app: App, flags: Flags): Selection => select(app, flags.streams ?? null, flags)

export function instantOf(text: string): Instant {
  const instant = parseInstant(text, 'UTC')
  if (instant === null)
    throw new InvalidArgumentError('Give a day or a time, such as 2024-01-31 or 2024-01-31T12:00:00Z.')
  return instant
}

/** The first day of a month. */
export function monthOf(text: string): string {
  if (!/^[12]\d{3}-(0[1-9]|1[0-2])$/.test(text)) throw new InvalidArgumentError('Give a month, such as 2025-03.')
  return `${text}-01`
}
