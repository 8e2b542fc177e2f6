import { readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'

/** Parts of a second in which Linux counts a process's time. */
const TICKS = 100

/**
 * Processor seconds that a server spends on its clients during `work`, in the processes that it starts for them. What writes
 * to the disk in the background is not counted. Linux only.
 * @param postmaster the process that starts all others. Nobody else connects meanwhile.
 */
export async function serverCpu<T>(postmaster: number, work: () => Promise<T>): Promise<{ result: T; server: number }> {
  const running = childrenOf(postmaster)
  const before = endedSeconds(postmaster)
  const result = await work()
  // The time of a process is counted when it has ended, and it ends after its client has left.
  while (childrenOf(postmaster).some(child => !running.includes(child))) await wait(20)
  return { result, server: endedSeconds(postmaster) - before }
}

const childrenOf = (pid: number): string[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)

/** Of the children of a process that have ended. */
function endedSeconds(pid: number): number {
  // The name of the program may contain spaces, and ends with the last parenthesis.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
  const [user = 0, system = 0] = fields.slice(13, 15).map(Number)
  return (user + system) / TICKS
}
