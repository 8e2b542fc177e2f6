import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cli } from '../support/cli.ts'
import { withFolder } from '../support/destinations.ts'
import { NO_PTY, openTerminal } from '../support/pty.ts'

/** Why a shell cannot be asked here; null: it can. */
function lacking(shell: string): string | null {
  if (spawnSync(shell, ['-c', 'true']).status === 0) return null
  return `${shell} is not installed, so its completion was not tested`
}
const MISSING = { bash: lacking('bash'), fish: lacking('fish'), zsh: lacking('zsh') ?? NO_PTY }
for (const reason of Object.values(MISSING)) if (reason) console.log(reason)

/** What is typed, and what is offered for its last word. */
const CASES: readonly (readonly [string, readonly string[]])[] = [
  ['s', ['status', 'streams', 'sync']],
  ['sync --sele', ['--select']],
  ['sync --log-level d', ['debug']],
  ['sync --streams ord', ['orders']],
  ['sync --streams orders,cha', ['orders,charges']],
  ['sync --json --exclude orders,char', ['orders,charges']],
  ['reset ord', ['orders']],
  ['reset orders --i-know custom', ['customers']],
  ['completion z', ['zsh']],
  ['import char', ['charges']],
  ['query --file que', ['question.sql']],
]

async function withScript(shell: string, work: (folder: string, script: string) => void | Promise<void>) {
  await withFolder(async folder => {
    const printed = await cli(folder, ['completion', shell])
    expect([printed.code, printed.stderr]).toEqual([0, ''])
    writeFileSync(join(folder, 'script'), printed.stdout)
    writeFileSync(join(folder, 'question.sql'), '')
    await work(folder, printed.stdout)
  })
}

test.skipIf(MISSING.bash !== null)('bash completes commands, flags, streams and files', async () => {
  await withScript('bash', folder => {
    const asked = CASES.map(([typed]) => typed).concat('sync --streams = custom')
    const program = `source ./script
while IFS= read -r line; do
  read -ra COMP_WORDS <<< "recharge-sync $line"
  COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); COMPREPLY=()
  _recharge_sync
  printf '%s\\n' "\${COMPREPLY[*]}"
done`
    const { stdout, stderr } = spawnSync('bash', ['-c', program], {
      cwd: folder,
      input: `${asked.join('\n')}\n`,
      encoding: 'utf8',
    })
    expect(stderr).toBe('')
    const offered = stdout.trimEnd().split('\n')
    expect(asked.map((typed, at) => [typed, offered[at]?.split(' ').sort()])).toEqual([
      ...CASES,
      ['sync --streams = custom', ['customers']],
    ])
  })
})

test.skipIf(MISSING.fish !== null)('fish completes commands, flags, streams and files', async () => {
  await withScript('fish', folder => {
    const asked = [...CASES.map(([typed]) => typed), 'sync --streams=custom']
    const program = `source ./script; while read -l line; complete -C "recharge-sync $line"; echo; end`
    const { stdout, stderr } = spawnSync('fish', ['-c', program], {
      cwd: folder,
      env: { ...process.env, HOME: folder, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder },
      input: `${asked.join('\n')}\n`,
      encoding: 'utf8',
    })
    expect(stderr).toBe('')
    const offered = stdout.split('\n\n').map(block => block.split('\n').map(line => line.split('\t')[0]))
    expect(asked.map((typed, at) => [typed, offered[at]?.toSorted()])).toEqual([
      ...CASES,
      ['sync --streams=custom', ['--streams=customers']],
    ])
  })
})

test.skipIf(MISSING.zsh !== null)('zsh completes commands, flags, streams and files', async () => {
  await withScript('zsh', async (folder, script) => {
    // As the help says: a file of fpath, which zsh reads when Tab is pressed for the first time.
    mkdirSync(join(folder, 'functions'))
    writeFileSync(join(folder, 'functions', '_recharge-sync'), script)
    const terminal = openTerminal(['zsh', '-f', '-i'], {
      columns: 200,
      cwd: folder,
      env: { HOME: folder, TERM: 'dumb', PS1: '> ' },
    })
    terminal.type(
      'fpath=($PWD/functions $fpath); autoload -Uz compinit; compinit -D -u; setopt no_beep; echo rea""dy\n',
    )
    await terminal.until(text => text.includes('ready\r\n'))
    for (const [typed, [offered = '', ...more]] of CASES) {
      const before = terminal.output().length
      const words = typed.split(' ')
      // One answer is put in place of the word, several are listed.
      const expected = more.length > 0 ? offered : [...words.slice(0, -1), offered].join(' ')
      terminal.type(`recharge-sync ${typed}\t`)
      await terminal.until(text => text.slice(before).includes(expected))
      terminal.type('\u0015')
    }
    terminal.type('exit\n')
    expect(await terminal.ended).toBe(0)
  })
})
