import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { cliFlags } from './flags.ts'
import type { Took } from './load-process.ts'

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url))

/** The first message of a process. */
export function answer<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    child.once('message', message => resolve(message as T))
    child.once('exit', code => reject(new Error(`a measurement exited with ${code}`)))
  })
}

/** The rate limit of a store, and how many records it has. */
export interface Pace {
  readonly what: string
  readonly records: number
  readonly bucket: number
  readonly perSecond: number
}

/** Starts a store that serves the prepared pages while `measure` runs. @param into the destination in the form of the configuration. */
export async function fromStore<T>(
  pages: string,
  into: string,
  { records, bucket, perSecond }: Pace,
  measure: (sync: () => Promise<Took>) => Promise<T>,
): Promise<T> {
  // Bodies outside of the heap make V8 collect garbage more often. With these flags the store spends its time on answers.
  const execArgv = ['--max-old-space-size=8000', '--external-memory-accounted-in-global-limit']
  const server = fork(here('./store-process.ts'), { execArgv })
  const folder = mkdtempSync(join(tmpdir(), 'recharge-sync-bench-'))
  try {
    server.send({ charges: pages, records, latencyMs: 0, bucket, perSecond })
    const { url, token } = await answer<{ url: string; token: string }>(server)
    // Views have a benchmark of their own: to make them all takes the same for one record and for 100,000.
    writeFileSync(
      join(folder, 'sync.config.yaml'),
      `recharge:\n  token: ${token}\n  base_url: ${url}\n  rate: { bucket: ${bucket}, per_second: ${perSecond} }\ndestination:\n  ${into}\nviews: false\n`,
    )
    return await measure(() => sync(folder, 'charges'))
  } finally {
    const exited = once(server, 'exit')
    server.kill()
    await exited
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Runs the command as a process. Its CPU and memory come from `peak.ts`. */
async function sync(destination: string, stream: string): Promise<Took> {
  const args = [...cliFlags(), '--import', here('./peak.ts'), here('../src/cli/main.ts')]
  const began = performance.now()
  const child = spawn(
    process.execPath,
    [...args, 'sync', '--streams', stream, '--json', '--no-progress', '--log-level', 'silent'],
    {
      cwd: destination,
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'close')])
  const seconds = (performance.now() - began) / 1000
  if (code !== 0) throw new Error(`sync exited with ${code}`)
  const { cpu, megabytes } = JSON.parse(readFileSync(join(destination, 'peak'), 'utf8'))
  const { added, changed, unchanged } = JSON.parse(output).streams[0]
  return { seconds, cpu, megabytes, counts: { added, changed, unchanged }, millis: [] }
}
