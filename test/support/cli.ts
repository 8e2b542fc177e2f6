import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PROGRAMS, type Program } from './programs.ts'

const CHECKOUT = fileURLToPath(new URL('../../', import.meta.url))
/** Made by `bundled-programs.ts` for a run of vitest. `npm run soak` and `npm run hosts` start the sources. */
const { TEST_PROGRAMS } = process.env

/** One home for all, so that each start finds compiled what the one before it left there. */
export const HOME = TEST_PROGRAMS ?? join(CHECKOUT, 'node_modules/.cache/recharge-sync-sources')

/** Where the program keeps what it compiled, for processes that are not started by it. */
export const CACHE = join(HOME, '.cache/recharge-sync')

/** The file that Node runs. */
export const programFile = (program: Program): string =>
  TEST_PROGRAMS === undefined ? join(CHECKOUT, PROGRAMS[program]) : join(TEST_PROGRAMS, `${program}.js`)

export const CLI = programFile('main')

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
