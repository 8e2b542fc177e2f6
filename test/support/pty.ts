import { spawn, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const WORKER = fileURLToPath(new URL('./pty-worker.py', import.meta.url))

/** Why no pseudo-terminal can be had here; null: it can. Python has one in its standard library, and Node has none. */
export const NO_PTY: string | null = whyNot()
if (NO_PTY) console.log(NO_PTY)

function whyNot(): string | null {
  const asked = spawnSync('python3', ['-c', 'import fcntl, pty, sys, termios; sys.exit(sys.version_info < (3, 9))'])
  return asked.status === 0
    ? null
    : 'there is no python3 from 3.9 on with its modules for terminals, so the tests of terminals did not run'
}

export interface Terminal {
  /** All that the program has written so far. */
  output(): string
  resize(columns: number, rows?: number): void
  type(text: string): void
  /** Waits until the output has this. @throws {Error} if the program ends before. */
  until(found: (output: string) => boolean): Promise<void>
  readonly ended: Promise<number | null>
}

/** Starts a program in a pseudo-terminal. */
export function openTerminal(
  command: readonly string[],
  { columns, rows = 40, cwd, env }: { columns: number; rows?: number; cwd: string; env: Record<string, string> },
): Terminal {
  const child = spawn('python3', [WORKER, String(columns), String(rows), ...command], {
    cwd,
    env: { PATH: process.env.PATH, TERM: 'xterm-256color', LANG: 'C.UTF-8', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let output = ''
  let isOver = false
  let changed = Promise.withResolvers<void>()
  const wake = (): void => {
    changed.resolve()
    changed = Promise.withResolvers()
  }
  child.stdout.setEncoding('utf8').on('data', data => {
    output += data
    wake()
  })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', code => {
      isOver = true
      wake()
      resolve(code)
    })
  })
  return {
    output: () => output,
    ended,
    resize: (to, high = rows) => child.stdin.write(`size ${to} ${high}\n`),
    type: text => child.stdin.write(`type ${JSON.stringify(text)}\n`),
    async until(found) {
      while (!found(output)) {
        if (isOver) throw new Error(`the program ended: ${output}`)
        await changed.promise
      }
    },
  }
}
