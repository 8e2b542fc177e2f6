import { readdirSync, readFileSync } from 'node:fs'

/** Parts of a second in which Linux counts a process's time. */
const TICKS = 100

/** Processor seconds of a server and of all processes that it has started, those that have ended included. Linux only. */
export function serverCpu(postmaster: number): number {
  const stats = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(name => statOf(Number(name)))
  let ticks = 0
  for (const { pid, parent, own, ended } of stats) {
    if (pid === postmaster) ticks += own + ended
    if (parent === postmaster) ticks += own
  }
  return ticks / TICKS
}

interface Stat {
  readonly pid: number
  readonly parent: number
  /** User and system time. */
  readonly own: number
  /** The same of its children that have ended. */
  readonly ended: number
}

function statOf(pid: number): Stat[] {
  try {
    // The name of the program may contain spaces, and ends with the last parenthesis.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
      .map(Number)
    const [, parent = 0] = fields
    const [own = 0, system = 0, ended = 0, endedSystem = 0] = fields.slice(11)
    return [{ pid, parent, own: own + system, ended: ended + endedSystem }]
  } catch {
    // It has ended since.
    return []
  }
}
