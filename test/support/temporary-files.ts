import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
} from 'node:fs'
import { freemem } from 'node:os'
import { join } from 'node:path'

const MEMORY = '/dev/shm'
/** Bytes. A run has some dozen small databases at the same time, and Postgres' log of a gigabyte at most. */
const ROOM = 3 * 1024 ** 3
const NAME = 'recharge-sync-tests-'

/**
 * Keeps the temporary files of the run in memory, where there is room: what TMPDIR names otherwise stays. Each database of
 * Postgres has three hundred files, and where so many come and go, ext4 takes a tenth of a second of processor to find
 * numbers for those of the next.
 */
export default function setup(): () => void {
  if (process.env.TMPDIR || !isUsable()) return () => {}
  forgetKilledRuns()
  const folder = join(MEMORY, `${NAME}${process.pid}`)
  mkdirSync(folder)
  // Postgres may run as another user.
  chmodSync(folder, 0o755)
  // Handed on to the processes that run the tests.
  process.env.TMPDIR = folder
  return () => rmSync(folder, { recursive: true, force: true })
}

function isUsable(): boolean {
  try {
    accessSync(MEMORY, constants.W_OK)
    const { bavail, bsize } = statfsSync(MEMORY)
    // Some tests start programs that they have installed there.
    const mount = readFileSync('/proc/self/mounts', 'utf8').match(/^\S+ \/dev\/shm tmpfs (\S+)/m)?.[1]
    const runsPrograms = mount !== undefined && !mount.split(',').includes('noexec')
    return runsPrograms && bavail * bsize > ROOM && freemem() > 2 * ROOM
  } catch {
    return false
  }
}

function forgetKilledRuns(): void {
  for (const name of readdirSync(MEMORY))
    if (name.startsWith(NAME) && !existsSync(`/proc/${name.slice(NAME.length)}`))
      rmSync(join(MEMORY, name), { recursive: true, force: true })
}
