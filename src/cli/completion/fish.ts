import type { CommandNode, CommandTree, FlagNode, Values } from './command-tree.ts'

/** A script for fish. */
export function fishScript({ name, flags, commands }: CommandTree): string {
  const list = `__${name.replaceAll('-', '_')}_list`
  const names = commands.map(command => command.name).join(' ')
  const none = `not __fish_seen_subcommand_from ${names}`
  const complete = (condition: string, rest: string): string => `complete -c ${name} -n ${quoted(condition)} ${rest}`
  return `# Completion of ${name} for fish. To use it, write it to a file that fish reads:
#   ${name} completion fish > ~/.config/fish/completions/${name}.fish

# Words in a list with commas: what stands before the last comma stays.
function ${list}
    set -l typed (string replace -r -- '^--[^=]*=' '' (commandline -ct))
    set -l before (string replace -r -- '[^,]*$' '' $typed)
    for word in $argv
        contains -- $word (string split , -- $before); or echo $before$word
    end
end

complete -c ${name} -f
${[
  ...flags.map(flag => complete(none, flagOf(flag, list))),
  ...commands.map(each => complete(none, `-a ${each.name} -d ${quoted(each.description)}`)),
  ...commands.flatMap(each => [
    ...each.flags.map(flag => complete(`__fish_seen_subcommand_from ${each.name}`, flagOf(flag, list))),
    ...argumentsOf(each).map(offered => complete(`__fish_seen_subcommand_from ${each.name}`, offered)),
  ]),
].join('\n')}
`
}

const quoted = (text: string): string => `'${text.replaceAll(/['\\]/g, '\\$&')}'`

const flagOf = ({ long, short, description, values }: FlagNode, list: string): string =>
  [
    `-l ${long.slice(2)}`,
    ...(short === null ? [] : [`-s ${short.slice(1)}`]),
    ...placeFor(values, list),
    `-d ${quoted(description)}`,
  ].join(' ')

function placeFor(values: Values, list: string): readonly string[] {
  switch (values.kind) {
    case 'nothing':
      return []
    case 'words':
      return [`-x -a ${quoted(values.words.join(' '))}`]
    case 'list':
      return [`-x -a ${quoted(`(${list} ${values.words.join(' ')})`)}`]
    case 'file':
      return ['-r -F']
    default:
      return ['-x']
  }
}

/** What stands without a flag. fish does not count arguments, so those of all places are offered. */
const argumentsOf = ({ arguments: places }: CommandNode): readonly string[] =>
  places.flatMap(values =>
    values.kind === 'words' ? [`-a ${quoted(values.words.join(' '))}`] : values.kind === 'file' ? ['-F'] : [],
  )
