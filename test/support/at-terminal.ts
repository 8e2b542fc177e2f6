import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { CLI, HOME } from './cli.ts'
import { runProgram } from './program.ts'

const TERMINAL = fileURLToPath(new URL('./at-terminal.py', import.meta.url))

/** Why no pseudo-terminal can be opened here; null: one can. */
export const NO_PTY: string | null =
  spawnSync('python3', ['-c', 'import pty'], { stdio: 'ignore' }).status === 0
    ? null
    : 'there is no python3 with its module pty: the tests at a terminal did not run'
if (NO_PTY) console.log(NO_PTY)

export interface AtTerminal {
  readonly code: number
  /** What was written, without colours and movements of the cursor. */
  readonly text: string
  /** How many steps were taken: one that waits for a text that never comes ends the test. */
  readonly taken: number
}

export interface Step {
  readonly expect: string
  readonly send: string
}

export const KEYS = { enter: '\r', down: '\x1b[B', interrupt: '\x03' } as const

/** Runs the program at a terminal of `width` columns; its keys are pressed when the texts before them have appeared. */
export async function atTerminal(
  folder: string,
  args: readonly string[],
  steps: readonly Step[],
  environment: Record<string, string> = {},
  width = 100,
): Promise<AtTerminal> {
  const { PATH = '' } = process.env
  const command = [TERMINAL, String(width), process.execPath, CLI, ...args]
  const whole = { PATH, HOME, TERM: 'xterm', ...environment }
  const exited = await runProgram(folder, 'python3', command, whole, JSON.stringify(steps))
  if (exited.code !== 0) throw new Error(exited.stderr)
  const { code, output, taken } = JSON.parse(exited.stdout)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a terminal obeys.
  return { code, text: output.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, '').replaceAll('\r\n', '\n'), taken }
}
