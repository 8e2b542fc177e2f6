import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** What is asked of the process of one store. */
export interface StoreCommand {
  /** The file of the fleet. */
  readonly file: string
  readonly store: string
  /** The command and its own flags, such as `['status', '--max-age', '2h']`. */
  readonly command: readonly string[]
  /** Milliseconds without a sign of progress after which the process is ended; null: it may take any time. */
  readonly stalledMs: number | null
  /** Most megabytes for JavaScript objects; null: what Node takes. */
  readonly memoryMb: number | null
}

/** How the process of a store came to its end. */
export interface StoreRun {
  readonly store: string
  /** Exit code; null: a signal ended it. */
  readonly code: number | null
  /** The document that the command printed; null: it printed none. */
  readonly json: unknown
  /** What it said on stderr, the end of it: at most `TAIL` characters. The process leaves secrets out. */
  readonly said: string
  /** Why it came to no end of its own; null: it did. */
  readonly broken: Broken | null
  readonly seconds: number
}

/** `stalled`: it showed no progress and was ended; `memory`: it needed more than it may have; `killed`: somebody else ended it. */
export type Broken = 'stalled' | 'memory' | 'killed'

/** Characters. */
const TAIL = 4000
/** How long a process may take to end after it was asked to, in milliseconds: longer than its own (`interruption.ts`). */
const GRACE_MS = 10_000
const MAIN = fileURLToPath(new URL(`../main.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url))
/** Node ends with it where it has no more memory. */
const ABORTED = 134

/**
 * Runs a command for one store in a process of its own: whatever becomes of it, the other stores go on. Its token is in its
 * environment or in a file, never among its arguments.
 * @param signal asks the process to end, as Ctrl-C does: it finishes its commit.
 */
export async function runStore(
  { file, store, command, stalledMs, memoryMb }: StoreCommand,
  signal: AbortSignal,
): Promise<StoreRun> {
  const began = performance.now()
  const [name = '', ...rest] = command
  const args = [name, '--config', file, '--store', store, '--json', ...rest]
  const execArgv = [...process.execArgv, ...(memoryMb === null ? [] : [`--max-old-space-size=${memoryMb}`])]
  const child = fork(MAIN, args, { execArgv, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
  const printed = textOf(child.stdout)
  const said = textOf(child.stderr, TAIL)
  let broken: Broken | null = null
  const end = (): void => {
    child.kill('SIGTERM')
    setTimeout(() => child.kill('SIGKILL'), GRACE_MS).unref()
  }
  const stall = (): void => {
    broken = 'stalled'
    end()
  }
  const watch = stalledMs === null ? null : setTimeout(stall, stalledMs)
  child.on('message', () => watch?.refresh())
  const closed = once(child, 'close')
  if (signal.aborted) end()
  signal.addEventListener('abort', end, { once: true })
  const [code, byName] = (await closed) as [number | null, NodeJS.Signals | null]
  signal.removeEventListener('abort', end)
  if (watch) clearTimeout(watch)
  const outOfMemory = code === ABORTED || byName === 'SIGABRT'
  return {
    store,
    code,
    json: documentOf(printed()),
    said: said().trim(),
    broken: broken ?? (outOfMemory ? 'memory' : code === null ? 'killed' : null),
    seconds: (performance.now() - began) / 1000,
  }
}

/** What a process prints; of more than `most` characters the end. */
function textOf(stream: ChildProcess['stdout'], most = Number.POSITIVE_INFINITY): () => string {
  let text = ''
  stream?.setEncoding('utf8').on('data', part => {
    text = (text + part).slice(-most)
  })
  return () => text
}

function documentOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
