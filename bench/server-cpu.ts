import { readFileSync } from 'node:fs'

/** Parts of a second in which Linux counts a process's time. */
const TICKS = 100

/**
 * Processor seconds of a server's processes that have ended: those that served a client, and their helpers. What writes to
 * the disk in the background goes on, and is not counted. Linux only.
 * @param postmaster process that has started them.
 */
export function serverCpu(postmaster: number): number {
  // The name of the program may contain spaces, and ends with the last parenthesis.
  const fields = readFileSync(`/proc/${postmaster}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
  const [user = 0, system = 0] = fields.slice(13, 15).map(Number)
  return (user + system) / TICKS
}
