import { lines } from '../../common/printable.ts'
import { bashScript } from '../completion/bash.ts'
import type { CommandTree } from '../completion/command-tree.ts'
import { fishScript } from '../completion/fish.ts'
import { zshScript } from '../completion/zsh.ts'
import type { Result } from './result.ts'

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const

export type Shell = keyof typeof SCRIPTS
export const SHELLS: readonly string[] = Object.keys(SCRIPTS)

/** What a shell calls the installed program. */
export const NAME = 'recharge-sync'

/** Where each shell looks for the script. */
export const INSTALLED = `
bash:  ${NAME} completion bash > ~/.local/share/bash-completion/completions/${NAME}
zsh:   ${NAME} completion zsh > "\${fpath[1]}/_${NAME}"
fish:  ${NAME} completion fish > ~/.config/fish/completions/${NAME}.fish

The script completes the command ${NAME}, so it needs an installation (npm install --global ${NAME}), or an alias of that name.`

/** The script by which a shell completes commands, flags, names of streams and files. It starts no process when Tab is pressed. */
export function completion(tree: CommandTree, shell: Shell): Result {
  const script = SCRIPTS[shell](tree)
  return { code: 0, json: { shell, script }, text: lines(...script.trimEnd().split('\n')) }
}
