import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as timer } from 'node:timers/promises'
import type { Problem } from '../../common/errors.ts'
import { durationText } from './behind.ts'
import type { CommandSettings } from './settings.ts'

/** How long a command that is told to end may take for it, in milliseconds. */
const GRACE_MS = 1000
/** Characters of its stderr that a message has at most. */
const MOST_TEXT = 300

/**
 * Runs the command with the text as its stdin, and ends it after its time, with every process that it started. Never
 * throws.
 * @param environment what the command inherits.
 * @returns null: it ended with 0.
 */
export async function runCommandWith(
  { run, timeoutMs }: CommandSettings,
  text: string,
  folder: string,
  environment: NodeJS.ProcessEnv,
): Promise<Problem | null> {
  const [program = '', ...args] = typeof run === 'string' ? [run] : run
  // A command for the shell may hold a secret.
  const name = typeof run === 'string' ? 'the shell' : program
  // A group of its own, so that what it starts ends with it.
  const options = { cwd: folder, env: environment, detached: true, shell: typeof run === 'string' } as const
  let child: ChildProcess
  try {
    child = spawn(program, args, { ...options, stdio: ['pipe', 'ignore', 'pipe'] })
  } catch (error) {
    return unstarted(name, error)
  }
  // Ctrl-C ends this process at once after a while: nothing of the command stays behind.
  const onExit = (): void => signal(child, 'SIGKILL')
  process.once('exit', onExit)
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', part => {
    said = (said + part).slice(-MOST_TEXT)
  })
  // A command need not read its stdin.
  child.stdin?.on('error', () => {}).end(text)
  const ended = new Promise<Problem | null>(resolve => {
    child.once('error', error => resolve(unstarted(name, error)))
    // Not `close`: what it left running in the background may keep its stderr open.
    child.once('exit', (code, killed) => resolve(code === 0 ? null : failed(code, killed, said)))
  })
  const done = new AbortController()
  try {
    const late = timer(timeoutMs, 'late' as const, { signal: done.signal }).catch(() => null)
    const first = await Promise.race([ended, late])
    if (first !== 'late') return first
    signal(child, 'SIGTERM')
    await Promise.race([ended, timer(GRACE_MS, null, { signal: done.signal }).catch(() => null)])
    signal(child, 'SIGKILL')
    return {
      code: 'timeout',
      message: `the command of notify.command was ended after ${durationText(timeoutMs)}, with all its processes`,
      next: 'Raise notify.command.timeout, which may be 30s, or let the command leave its work to another process.',
    }
  } finally {
    done.abort()
    process.off('exit', onExit)
    child.stderr?.destroy()
    child.unref()
  }
}

/** To all processes of the command's group; on Windows, which has none, to the command. */
function signal(child: ChildProcess, name: 'SIGTERM' | 'SIGKILL'): void {
  if (child.pid === undefined) return
  try {
    if (process.platform === 'win32') child.kill(name)
    else process.kill(-child.pid, name)
  } catch {
    // All of them have ended.
  }
}

const unstarted = (program: string, error: unknown): Problem => ({
  code: 'not_started',
  message: `the command of notify.command cannot be started: ${error instanceof Error && 'code' in error ? `${program}: ${error.code}` : String(error)}`,
  next: 'Correct notify.command.run: the program has to be in PATH, or be named by its path, and this user has to be allowed to run it.',
})

function failed(code: number | null, killed: NodeJS.Signals | null, said: string): Problem {
  const last = said.trim().split('\n').at(-1) ?? ''
  return {
    code: 'command_failed',
    message: `the command of notify.command ended with ${killed ?? code}${last === '' ? '' : `: ${last}`}`,
    next: 'Run it by hand, with a report of state/runs as its stdin.',
  }
}
