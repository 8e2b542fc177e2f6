import type { Argument, Command, Option } from 'commander'

/** What may stand in a place of the command line. */
export type Values =
  | { readonly kind: 'nothing' }
  /** Any text: nothing can be offered. */
  | { readonly kind: 'text' }
  | { readonly kind: 'file' }
  /** One of these. */
  | { readonly kind: 'words'; readonly words: readonly string[] }
  /** Some of these, separated by commas. */
  | { readonly kind: 'list'; readonly words: readonly string[] }

export interface FlagNode {
  /** Such as `--json`. */
  readonly long: string
  /** Such as `-h`; null: it has none. */
  readonly short: string | null
  readonly description: string
  readonly values: Values
}

export interface CommandNode {
  readonly name: string
  readonly description: string
  readonly flags: readonly FlagNode[]
  /** The last one is repeated if it is variadic. */
  readonly arguments: readonly Values[]
  readonly isVariadic: boolean
}

export interface CommandTree {
  readonly name: string
  readonly flags: readonly FlagNode[]
  readonly commands: readonly CommandNode[]
}

/** Words that are known beside those that the commands declare. */
export interface Known {
  readonly streams: readonly string[]
  /** Streams that can be imported. */
  readonly importable: readonly string[]
}

/** Flags that take names of streams. */
const OF_STREAMS = ['--streams', '--select', '--exclude']

/** All commands and flags, as commander knows them. @param name of the program in a shell. */
export function commandTree(program: Command, name: string, known: Known): CommandTree {
  const help = program.createHelp()
  return {
    name,
    flags: help.visibleOptions(program).map(option => flagOf(option, known)),
    commands: help.visibleCommands(program).map(command => ({
      name: command.name(),
      description: command.description(),
      flags: help.visibleOptions(command).map(option => flagOf(option, known)),
      arguments:
        command.name() === 'help'
          ? [{ kind: 'words', words: program.commands.map(other => other.name()) }]
          : command.registeredArguments.map(argument => valuesOf(argument, known)),
      isVariadic: command.registeredArguments.at(-1)?.variadic ?? false,
    })),
  }
}

function flagOf(option: Option, known: Known): FlagNode {
  const takesValue = option.required || option.optional
  const long = option.long ?? option.short ?? ''
  return {
    long,
    short: option.short && option.short !== long ? option.short : null,
    description: option.description,
    values: !takesValue
      ? { kind: 'nothing' }
      : OF_STREAMS.includes(long)
        ? { kind: 'list', words: known.streams }
        : placeOf(option.flags, option.argChoices),
  }
}

function valuesOf(argument: Argument, { streams, importable }: Known): Values {
  if (argument.name() === 'streams') return { kind: 'words', words: streams }
  if (argument.name() === 'stream') return { kind: 'words', words: importable }
  return placeOf(`<${argument.name()}>`, argument.argChoices)
}

const placeOf = (shown: string, choices: readonly string[] | undefined): Values => {
  if (choices) return { kind: 'words', words: choices }
  return shown.includes('<file>') ? { kind: 'file' } : { kind: 'text' }
}
