import { DestinationError } from '../../common/errors.ts'

const LOCKED = /Could not set lock on file "([^"]*)": Conflicting lock is held in (.*?) \(PID (\d+)\)/

/** What a user added to our tables refuses a row, or a change of a table. */
const CONSTRAINT =
  /^(Constraint|Dependency) Error: |(NOT NULL|CHECK) constraint failed|UNIQUE constraint violation|foreign key constraint/

/** Translates what the driver threw into a `DestinationError`; returns an unknown error as it is. */
export function translate(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof DestinationError) return error
  const { message } = error
  const locked = LOCKED.exec(message)
  if (locked) {
    const [, file, program, pid] = locked
    return new DestinationError('held', `${file} is open in ${program}, process ${pid}`, error)
  }
  if (/Conflicting lock is held/.test(message)) return new DestinationError('held', message, error)
  if (CONSTRAINT.test(message))
    return new DestinationError(
      'constraint',
      `DuckDB: ${message.replace(/key ".*"/is, 'key')}`,
      error,
      'Something that was added to the tables of recharge-sync refuses this: an index, a constraint, or a table or view that refers to them. Drop it, run again, and create it again without the constraint.',
    )
  if (/Conflict on|write-write conflict/i.test(message)) return new DestinationError('serialisation', message, error)
  if (/No space left|disk full|ENOSPC|Could not write|File too large/i.test(message))
    return new DestinationError('full', message, error)
  if (/Permission denied|Read-only file system|read-only mode/i.test(message))
    return new DestinationError('denied', message, error)
  if (/Cannot open file|No such file or directory|not a valid DuckDB database file/i.test(message))
    return new DestinationError('denied', message, error)
  return error
}
