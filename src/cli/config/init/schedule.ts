import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { lines, type Printable, paragraphs } from '../../../common/printable.ts'
import { VERSION } from '../../../common/version.ts'
import type { Installation } from '../../installation.ts'

export const SCHEDULERS = ['cron', 'systemd', 'none'] as const
export type Scheduler = (typeof SCHEDULERS)[number]

/** What syncs every hour on this machine, and how to put it in place. */
export interface Schedule {
  readonly kind: Scheduler
  /** Packages that have to be installed in the folder first, because what runs now lies in the cache of npx. */
  readonly install: readonly string[]
  /** The crontab line, or the commands that write two units and start the timer; null: nothing is scheduled. */
  readonly text: string | null
}

/** Arguments of the run: what is wrong is printed, progress is not. */
const SYNC = ['sync', '--no-progress', '--log-level', 'warn']
/** Not the full hour, at which everybody's jobs start. */
const MINUTE = 17

/** systemd where it runs; otherwise cron. */
export function usualScheduler(): Scheduler {
  if (process.platform === 'win32') return 'none'
  return existsSync('/run/systemd/system') ? 'systemd' : 'cron'
}

/** @param folder that has the configuration. */
export function scheduleOf(kind: Scheduler, folder: string, installation: Installation, isRoot: boolean): Schedule {
  const { node, flags, main, isCached } = installation
  const program = [
    isCached.node ? join(folder, 'node_modules', 'node', 'bin', 'node') : node,
    ...flags,
    isCached.main ? join(folder, 'node_modules', 'recharge-sync', 'dist', 'src', 'cli', 'main.js') : main,
  ]
  const install = [
    ...(isCached.main ? [`recharge-sync@${VERSION}`] : []),
    ...(isCached.node ? [`node@${process.versions.node.split('.')[0]}`] : []),
  ]
  const texts: Record<Scheduler, () => string | null> = {
    cron: () => crontabLine(folder, program),
    systemd: () => systemdCommands(folder, program, isRoot),
    none: () => null,
  }
  // Neither a crontab nor a unit can hold such a path, and as it is printed it would be another one.
  const isPlain = [folder, ...program].every(part => lines(part) === part)
  return { kind, install, text: isPlain ? texts[kind]() : null }
}

/**
 * One line of a crontab. A run that is complete prints nothing; what any other run printed is printed, and cron mails it.
 */
export function crontabLine(folder: string, program: readonly string[]): string {
  const run = [...program, ...SYNC].map(forShell).join(' ')
  const command = `cd ${forShell(folder)} && out=$(${run} 2>&1) || { printf '%s\\n' "$out"; false; }`
  // cron ends the command at a percent sign.
  return `${MINUTE} * * * * ${command.replaceAll('%', '\\%')}`
}

/** A word of a shell's command. */
export const forShell = (word: string): string =>
  /^[\w./:=@+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`

/** Commands that write a service and a timer, and start the timer: of the system for root, else of the user. */
export function systemdCommands(folder: string, program: readonly string[], isRoot: boolean): string {
  const units = isRoot ? '/etc/systemd/system' : '~/.config/systemd/user'
  const systemctl = isRoot ? 'systemctl' : 'systemctl --user'
  return [
    ...(isRoot ? [] : [`mkdir -p ${units}`]),
    `cat > ${units}/recharge-sync.service <<'END'`,
    '[Unit]',
    'Description=Sync of a Recharge store',
    '',
    '[Service]',
    'Type=oneshot',
    `WorkingDirectory=${folder.replaceAll('%', '%%')}`,
    `ExecStart=${[...startedByUnit(program), ...SYNC].map(forUnit).join(' ')}`,
    'END',
    `cat > ${units}/recharge-sync.timer <<'END'`,
    '[Unit]',
    'Description=Sync of a Recharge store, every hour',
    '',
    '[Timer]',
    `OnCalendar=*:${MINUTE}`,
    'Persistent=true',
    '',
    '[Install]',
    'WantedBy=timers.target',
    'END',
    `${systemctl} daemon-reload && ${systemctl} enable --now recharge-sync.timer`,
    ...(isRoot ? [] : ['loginctl enable-linger    # the timer then also runs while you are not logged in']),
  ].join('\n')
}

/** A unit names its program by a path without quotes, backslashes and the like, and takes any argument. */
const startedByUnit = ([node = '', ...args]: readonly string[]): string[] =>
  /^[\w./@+, -]+$/.test(node) ? [node, ...args] : ['/usr/bin/env', node, ...args]

/** A word of ExecStart. Outside of quotes a unit reads fewer signs as they are than a shell does. */
const forUnit = (word: string): string => {
  const escaped = word.replaceAll('%', '%%').replaceAll('$', '$$$$')
  return /^[\w./:=@+,-]+$/.test(word) ? word : `"${escaped.replaceAll(/[\\"]/g, '\\$&')}"`
}

export function scheduleText({ kind, install, text }: Schedule): Printable {
  if (text === null)
    return lines(
      kind === 'none'
        ? 'For a sync every hour, have a scheduler run `sync` in this folder: docs/schedule.md has examples.'
        : 'The path of this folder, or that of the program, has a control character, so no schedule can name it.',
    )
  const first =
    install.length === 0
      ? []
      : [
          lines(
            'npx runs this from a cache that npm may empty. Install it in this folder before you schedule it:',
            `  npm install ${install.join(' ')}`,
          ),
        ]
  const how =
    kind === 'cron'
      ? lines(
          'For a sync every hour, add this line with `crontab -e`. A run that is complete prints nothing; cron mails you what any',
          'other run prints (to another address with a line MAILTO=you@example.com above it):',
        )
      : lines('For a sync every hour, run these commands. `journalctl` then has what the runs print:')
  return paragraphs(...first, how, lines(...text.split('\n')))
}
