import type { CommandNode, CommandTree, FlagNode, Values } from './command-tree.ts'

/** A script for bash 3.2 or newer, which macOS has: without maps, and without `compopt` where there is none. */
export function bashScript({ name, flags, commands }: CommandTree): string {
  const run = `_${name.replaceAll('-', '_')}`
  return `# Completion of ${name} for bash. To use it, write it to a file that bash reads:
#   ${name} completion bash > ~/.local/share/bash-completion/completions/${name}
# or read it in ~/.bashrc:
#   source <(${name} completion bash)

# Words of which the last one is being typed.
${run}_words() {
  local IFS=$' \\n'
  COMPREPLY=($(compgen -W "$1" -- "$current"))
}

# The same in a list with commas: what stands before the last comma stays.
${run}_list() {
  local before='' word IFS=$' \\n'
  [[ $current == *,* ]] && before="\${current%,*},"
  COMPREPLY=()
  for word in $(compgen -W "$1" -- "\${current##*,}"); do
    [[ ",$before" == *",$word,"* ]] || COMPREPLY+=("$before$word")
  done
  compopt -o nospace 2>/dev/null
}

${run}_files() {
  local IFS=$'\\n'
  COMPREPLY=($(compgen -f -- "$current"))
  compopt -o filenames 2>/dev/null
}

${run}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" command='' place=0 i
  # --flag=value arrives as three words.
  if [[ $current == = ]]; then current=''
  elif [[ $previous == = ]]; then previous="\${COMP_WORDS[COMP_CWORD-2]}"
  fi
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    [[ \${COMP_WORDS[i]} == -* ]] && continue
    command="\${COMP_WORDS[i]}"
    break
  done
  case "$command" in
    '')
      ${run}_words '${words([...commands.map(each => each.name), ...flags.flatMap(named)])}'
      ;;
${commands.map(each => caseOf(each, run)).join('\n')}
  esac
}

complete -F ${run} ${name}
`
}

const words = (all: readonly string[]): string => all.join(' ')
const named = ({ long, short }: FlagNode): readonly string[] => [long, ...(short === null ? [] : [short])]

/** The function that offers values, with its argument. */
function offer(values: Values, run: string): string {
  switch (values.kind) {
    case 'words':
      return `${run}_words '${words(values.words)}'`
    case 'list':
      return `${run}_list '${words(values.words)}'`
    case 'file':
      return `${run}_files`
    default:
      return ':'
  }
}

function caseOf({ name, flags, arguments: places, isVariadic }: CommandNode, run: string): string {
  const valued = flags.filter(({ values }) => values.kind !== 'nothing')
  const skipped = valued.flatMap(named).join('|')
  const cases = places.map((values, at) => {
    const number = isVariadic && at === places.length - 1 ? '*' : String(at)
    return `            ${number}) ${offer(values, run)} ;;`
  })
  return `    ${name})
      case "$previous" in
${valued.map(flag => `        ${named(flag).join('|')}) ${offer(flag.values, run)} ;;`).join('\n')}
        *)
          if [[ $current == -* ]]; then
            ${run}_words '${words(flags.flatMap(named))}'
            return
          fi
          # How many arguments stand before the word, without flags and their values.
          for ((i++; i < COMP_CWORD; i++)); do
            case "\${COMP_WORDS[i]}" in
              ${skipped === '' ? "''" : skipped}) ((i++)) ;;
              -*) ;;
              *) ((place++)) ;;
            esac
          done
          case $place in
${cases.length > 0 ? cases.join('\n') : '            *) ;;'}
          esac
          ;;
      esac
      ;;`
}
