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

/** What a process says first. */
export function answer<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    child.once('message', message => resolve(message as T))
    child.once('exit', code => reject(new Error(`a measurement left with ${code}`)))
  })
}

/** How fast the store gives its pages: its rate limit, and the records that there are. */
export interface Pace {
  readonly what: string
  readonly records: number
  readonly bucket: number
  readonly perSecond: number
}

/** Has a store serve the prepared pages while `measure` runs `sync` from it. @param into the destination, as the configuration has it. */
export async function fromStore<T>(
  pages: string,
  into: string,
  { records, bucket, perSecond }: Pace,
  measure: (sync: () => Promise<Took>) => Promise<T>,
): Promise<T> {
  // So that the store spends its time on answers: bodies lie outside of the heap, and would have it looked through.
  const execArgv = ['--max-old-space-size=8000', '--external-memory-accounted-in-global-limit']
  const server = fork(here('./store-process.ts'), { execArgv })
  const folder = mkdtempSync(join(tmpdir(), 'recharge-sync-bench-'))
  try {
    server.send({ charges: pages, records, latencyMs: 0, bucket, perSecond })
    const { url, token } = await answer<{ url: string; token: string }>(server)
    writeFileSync(
      join(folder, 'sync.config.yaml'),
      `recharge:\n  token: ${token}\n  base_url: ${url}\n  rate: { bucket: ${bucket}, per_second: ${perSecond} }\ndestination:\n  ${into}\n`,
    )
    return await measure(() => sync(folder, 'charges'))
  } finally {
    const left = once(server, 'exit')
    server.kill()
    await left
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The command as a process; its CPU and memory are what it says of itself when it ends. */
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
  const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'close')])
  const seconds = (performance.now() - began) / 1000
  if (code !== 0) throw new Error(`sync left with ${code}`)
  const { cpu, megabytes } = JSON.parse(readFileSync(join(destination, 'peak'), 'utf8'))
  const { added, changed, unchanged } = JSON.parse(said).streams[0]
  return { seconds, cpu, megabytes, counts: { added, changed, unchanged }, millis: [] }
}
