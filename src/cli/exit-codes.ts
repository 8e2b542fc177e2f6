import { ConfigError, DestinationError, type SyncError } from '../common/errors.ts'

/* Codes that a script may rely on; those of a run that took place are in `report.ts`. */
export const USAGE = 2
const NOTHING_RAN = 3
const HELD = 4
export const BUG = 70
export const INTERRUPTED = 130

/** How the process ends after an error because of which nothing ran. */
export function exitCodeOf(error: SyncError): number {
  if (error instanceof ConfigError) return USAGE
  if (error.code === 'interrupted') return INTERRUPTED
  return error instanceof DestinationError && error.kind === 'held' ? HELD : NOTHING_RAN
}
