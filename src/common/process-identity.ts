import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** A process, as another process of the same machine can recognise it. */
export interface ProcessIdentity {
  readonly host: string
  readonly pid: number
  /** When it started, in the machine's own count: another process may later get the same pid. Null: not known. */
  readonly started: string | null
  /** Where the pid counts. Two containers may have the same host name, and the pid of one means nothing in the other. */
  readonly space: string | null
}

export const thisProcess = (): ProcessIdentity => ({
  host: hostname(),
  pid: process.pid,
  started: stateOf(process.pid)?.started ?? null,
  space: pidSpace(),
})

/** Whether this process can see that one, if it lives. */
export const isVisible = ({ host, space }: ProcessIdentity): boolean => host === hostname() && space === pidSpace()

/** Whether the process has certainly ended. False if it runs on another machine, or if that cannot be known. */
export function isDead(identity: ProcessIdentity): boolean {
  if (!isVisible(identity)) return false
  const { pid, started } = identity
  const state = stateOf(pid)
  if (state === null) return !exists(pid)
  return state.ended || (started !== null && started !== state.started)
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Another user's process cannot be signalled, but it is there.
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH')
  }
}

/** The boot of the machine and the namespace of its pids, on Linux; null elsewhere. */
function pidSpace(): string | null {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return null
  }
}

/** What Linux says about a process; null: nothing, or this is not Linux. */
function stateOf(pid: number): { readonly started: string; readonly ended: boolean } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field is the name in brackets, which may contain anything. The state is the third, the start the 22nd.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [state = '', started = ''] = [fields[0], fields[19]]
    // A zombie has ended, and only its parent has not asked how.
    return { started, ended: state === 'Z' || state === 'X' }
  } catch {
    return null
  }
}
