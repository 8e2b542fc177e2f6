import type { RunId } from '../../src/common/model.ts'
import { openDestination } from '../../src/load/open.ts'

/* Runs in a process of its own. Takes the lock of the warehouse at the given address and dies with it. */
const [, , url = '', run] = process.argv
const destination = await openDestination(
  { kind: 'postgres', url, schema: 'recharge' },
  { mode: 'write', connections: 1 },
)
await destination.acquireLock(run as RunId)
process.kill(process.pid, 'SIGKILL')
