import { ConfigError, DestinationError, QueryError, type SyncError } from '../common/errors.ts'

/* Scripts rely on these codes. `report.ts` has those of a run that took place. */
export const USAGE = 2
export const NOTHING_RAN = 3
export const HELD = 4
export const BUG = 70
export const INTERRUPTED = 130

/** The exit code after an error that kept a command from running. */
export function exitCodeOf(error: SyncError): number {
  if (error instanceof ConfigError || error instanceof QueryError) return USAGE
  if (error.code === 'interrupted') return INTERRUPTED
  return error instanceof DestinationError && error.kind === 'held' ? HELD : NOTHING_RAN
}
