import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The program, as Node runs it. */
export const CLI = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

/** One home for all, so that each start finds compiled what the one before it left there. */
export const HOME = fileURLToPath(new URL('../../node_modules/.cache/recharge-sync-tests', import.meta.url))

/** Where the program keeps what it compiled, for processes that are not started by it. */
export const CACHE = `${HOME}/.cache/recharge-sync`

export interface Exited {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the program in its own process, as a user does. */
export function cli(
  folder: string,
  args: readonly string[],
  environment: Record<string, string> = {},
  whileRunning: (child: ReturnType<typeof spawn>) => void = () => {},
  /** Blocks of 512 bytes that a file may grow to; null: any size. */
  fileSize: number | null = null,
): Promise<Exited> {
  const [program, first] =
    fileSize === null
      ? [process.execPath, []]
      : ['sh', ['-c', `ulimit -f ${fileSize}; exec "$0" "$@"`, process.execPath]]
  const child = spawn(program, [...first, CLI, ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', data => {
    stdout += data
  })
  child.stderr?.on('data', data => {
    stderr += data
  })
  whileRunning(child)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
}

/**
 * Writes `sync.config.yaml` into the folder. Where it says nothing of views, none are made: the first time that takes as long
 * as everything else in a sync of a small store.
 */
export function writeConfig(folder: string, text: string): void {
  const saysViews = /^\s*views:/m.test(text)
  writeFileSync(join(folder, 'sync.config.yaml'), saysViews ? text : `${text}\nviews: false\n`)
}
