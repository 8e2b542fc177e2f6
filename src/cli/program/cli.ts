import { type Command, InvalidArgumentError, Option } from 'commander'
import { parseInstant } from '../../common/instant.ts'
import { LEVELS, type Level } from '../../common/log.ts'
import type { Instant } from '../../common/model.ts'
import { printableJson } from '../../common/printable.ts'
import type { Secrets } from '../../common/secrets.ts'
import { NO_PROGRESS, type Progress } from '../../pipeline/progress.ts'
import { type App, createApp, STREAMS } from '../app.ts'
import type { Result } from '../commands/result.ts'
import { DEFAULT_FILE, readConfig } from '../config/from-environment.ts'
import type { Config } from '../config/load.ts'
import { proxyFromEnvironment } from '../config/proxy.ts'
import { createProgress } from '../progress.ts'
import { STARTED_AS } from '../started-as.ts'

export interface Flags {
  /** Default: the usual file, and without it the environment. */
  readonly config?: string
  readonly json?: true
  readonly logLevel?: Level
  readonly progress: boolean
  readonly streams?: readonly string[]
}

/** What the commands share: how they are declared, how they open the parts that they need, and how they print. */
export interface Cli {
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly interruption: AbortSignal
  /** @param example what is typed after the name of the program. */
  command(name: string, description: string, example: string): Command
  /** @param needsToken false: the command only reads the warehouse, and works without a token. */
  open(flags: Flags, needsToken?: boolean): { readonly app: App; readonly config: Config }
  /** The parts for a configuration. Its secrets are hidden from then on. */
  use(flags: Flags, config: Config): App
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
  const use: Cli['use'] = (flags, config) => {
    const app = createApp(config, { level: levelOf(flags), proxy: proxyFromEnvironment() })
    secrets = app.secrets
    return app
  }
  const print: Cli['print'] = ({ code, json, text }, flags) => {
    process.stdout.write(`${secrets.scrub(flags.json ? printableJson(json) : text)}\n`)
    process.exitCode = code
  }
  return {
    interruption,
    use,
    command: (name, description, example) =>
      program
        .command(name)
        .description(description)
        .addHelpText('after', `\nExample:\n  ${STARTED_AS} ${example}`)
        .exitOverride()
        .option('--json', 'print the result as one JSON document on stdout')
        .addOption(new Option('--log-level <level>', 'log lines of this level and above, on stderr').choices(LEVELS))
        .option('--no-progress', 'do not show progress on stderr'),
    open(flags, needsToken = true) {
      const config = readConfig(flags.config ?? null, STREAMS, process.env, needsToken)
      return { app: use(flags, config), config }
    },
    progressOf(flags, app) {
      if (!flags.progress) return NO_PROGRESS
      const perSecond = app && (() => app.source.tier.perSecond)
      return createProgress({ out: process.stderr, monotonic: () => performance.now(), perSecond })
    },
    print,
    async finish(result, flags) {
      print(result, flags)
      await result.after?.()
    },
    scrub: text => secrets.scrub(text),
  }
}

/** On a terminal the progress lines are enough; elsewhere, in cron for example, the log is kept. */
const levelOf = (flags: Flags): Level => flags.logLevel ?? (process.stderr.isTTY ? 'warn' : 'info')

const list = (value: string): string[] => value.split(',').map(name => name.trim())

export const configured = (of: Command): Command =>
  of.option('--config <file>', `configuration file (default: ${DEFAULT_FILE}; without one, the environment)`)

export const selecting = (of: Command): Command =>
  of.option('--streams <names>', 'only these streams, separated by commas', list)

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
