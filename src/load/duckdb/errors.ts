import { DestinationError, type DestinationProblem } from '../../common/errors.ts'

const LOCKED = /Could not set lock on file "([^"]*)": Conflicting lock is held in (.*?) \(PID (\d+)\)/

/** Words of DuckDB's messages; the first that match decide. */
const WORDS: readonly (readonly [RegExp, DestinationProblem])[] = [
  [/Conflicting lock is held/, 'held'],
  [/Conflict on|write-write conflict/i, 'serialisation'],
  [/No space left|disk full|ENOSPC|Could not write|File too large/i, 'full'],
  [/Permission denied|Read-only file system|read-only mode/i, 'denied'],
  [/Is a directory|not a valid DuckDB database file/i, 'not_a_database'],
  [/Cannot open file|No such file or directory/i, 'denied'],
  [/database file with version number|storage version|newer version of DuckDB/i, 'newer_file'],
  [/replaying WAL|Corrupt|Could not read enough bytes/i, 'damaged'],
]

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
  if (CONSTRAINT.test(message))
    return new DestinationError(
      'constraint',
      `DuckDB: ${message.replace(/key ".*"/is, 'key')}`,
      error,
      'Something that was added to the tables of recharge-sync refuses this: an index, a constraint, or a table or view that refers to them. Drop it, run again, and create it again without the constraint.',
    )
  const kind = WORDS.find(([words]) => words.test(message))?.[1]
  return kind ? new DestinationError(kind, `DuckDB: ${message}`, error) : error
}

const REFUSAL = /^(Binder|Catalog|Constraint|Conversion|Dependency|Invalid Input|Not implemented) Error: /

/** Whether an error of DDL lies in what is in the schema. */
export const isRefusal = ({ message }: Error): boolean => REFUSAL.test(message)

/** Translates what the driver threw when it opened the file. */
export function unopened(path: string, error: unknown): unknown {
  const translated = translate(error)
  if (!(translated instanceof DestinationError) || translated.kind !== 'damaged') return translated
  const { message } = translated
  if (!/WAL/.test(message)) return new DestinationError('damaged', message, error, restore(path))
  return new DestinationError(
    'damaged',
    message,
    error,
    `The log of the last commits is damaged, and the file itself may be whole. Copy both, then move ${path}.wal away and run again: the checkpoints in the file say what has to be read again. If that does not work: ${restore(path)}`,
  )
}

const restore = (path: string): string =>
  `Restore ${path} from a backup, or move it away: the next sync makes a new one and reads everything.`
