import { DestinationError } from '../../common/errors.ts'
import type { Engine, Session } from './engine.ts'

/** How often a transaction is tried while somebody holds a table. Between two tries those who wait for the table get it. */
const LOCK_TRIES = 3

/** Runs a transaction that does not wait long for a table. @throws {DestinationError} `locked`, naming who holds a table. */
export async function untilUnlocked<T>(
  engine: Engine,
  schema: string,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await engine.transaction(work)
    } catch (error) {
      if (!(error instanceof DestinationError) || error.kind !== 'locked') throw error
      if (tries < LOCK_TRIES) continue
      const holders = await engine.lockHolders(schema)
      const who = holders.length > 0 ? holders.join('; ') : 'a transaction that has ended since'
      throw new DestinationError('locked', `a table of the schema ${schema} is needed, and it is held by ${who}`, error)
    }
  }
}
