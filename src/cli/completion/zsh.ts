import type { CommandTree, FlagNode, Values } from './command-tree.ts'

/** A script for zsh. It is a file of `fpath`, and can be read with `source` as well. */
export function zshScript({ name, flags, commands }: CommandTree): string {
  // A file of fpath has to define the function that it is called as.
  const run = `_${name}`
  return `#compdef ${name}
# Completion of ${name} for zsh. To use it, write it into a folder of $fpath, and start a new shell:
#   ${name} completion zsh > "\${fpath[1]}/_${name}"
# or read it in ~/.zshrc, below compinit:
#   source <(${name} completion zsh)

${run}() {
  local curcontext="$curcontext" state line
  typeset -A opt_args
  local -a commands
  commands=(
${commands.map(each => `    ${quoted(`${each.name}:${each.description}`)}`).join('\n')}
  )
  _arguments -C \\
${flags.map(flag => `    ${specOf(flag)} \\`).join('\n')}
    '1: :->command' \\
    '*:: :->rest'
  case $state in
    command) _describe command commands ;;
    rest)
      case $words[1] in
${commands
  .map(
    each => `        ${each.name})
          _arguments -s \\
${[
  ...each.flags.map(specOf),
  ...each.arguments.map((values, at) =>
    quoted(`${each.isVariadic && at === each.arguments.length - 1 ? '*' : at + 1}: :${actionOf(values)}`),
  ),
]
  .map(spec => `            ${spec}`)
  .join(' \\\n')}
          ;;`,
  )
  .join('\n')}
      esac
      ;;
  esac
}

if [ "$funcstack[1]" = ${run} ]; then
  ${run} "$@"
else
  compdef ${run} ${name}
fi
`
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

/** In a spec, brackets end a description and a colon ends a part. */
const escaped = (text: string): string => text.replaceAll(/[[\]:\\]/g, '\\$&')

function specOf({ long, short, description, values }: FlagNode): string {
  const takes = values.kind === 'nothing' ? '' : `: :${actionOf(values)}`
  const spec = (flag: string): string => {
    const sign = values.kind === 'nothing' ? '' : '='
    return `${flag}${flag.startsWith('--') ? sign : ''}[${escaped(description)}]${takes}`
  }
  return [long, ...(short === null ? [] : [short])].map(flag => quoted(spec(flag))).join(' ')
}

function actionOf(values: Values): string {
  switch (values.kind) {
    case 'words':
      return `(${values.words.join(' ')})`
    case 'list':
      return `_values -s , stream ${values.words.join(' ')}`
    case 'file':
      return '_files'
    default:
      return ' '
  }
}
