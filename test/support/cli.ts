import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const CLI = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

/** One home for all, so that each start finds compiled what the one before it left there. */
const HOMES = fileURLToPath(new URL('../../node_modules/.cache/recharge-sync-tests', import.meta.url))

export interface Left {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** The program as a process of its own, as a user starts it. */
export function cli(
  folder: string,
  args: readonly string[],
  environment: Record<string, string> = {},
  whileRunning: (child: ReturnType<typeof spawn>) => void = () => {},
  /** Blocks of 512 bytes that a file may grow to; null: any size. */
  fileSize: number | null = null,
): Promise<Left> {
  const [program, before] =
    fileSize === null
      ? [process.execPath, []]
      : ['sh', ['-c', `ulimit -f ${fileSize}; exec "$0" "$@"`, process.execPath]]
  const child = spawn(program, [...before, CLI, ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: HOMES, ...environment },
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

/** A configuration as an operator writes one. */
export function writeConfig(folder: string, text: string): void {
  writeFileSync(join(folder, 'sync.config.yaml'), text)
}
