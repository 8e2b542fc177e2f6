import { createHash } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Problem } from '../../common/errors.ts'
import { makeFolder } from '../../common/make-folder.ts'
import type { Instant } from '../../common/model.ts'
import type { StreamTotals } from '../../load/destination.ts'
import type { Condition } from './condition.ts'

/** What is remembered from one run to the next, so that each thing is told once. */
export interface NotifyState {
  /** What is wrong. */
  readonly open: readonly Condition[]
  /** Of each target, the names of the conditions that it was told. */
  readonly told: Readonly<Record<string, readonly string[]>>
  /** Of each target, why it could not be told the last time. Absent: it could. */
  readonly undelivered: Readonly<Record<string, Problem & { readonly at: Instant }>>
  /** The warehouse that the rest is about. */
  readonly destination: string | null
  /** When the last sync ended that was complete; null: not known. */
  readonly last_success: Instant | null
  /** What was last known of each stream. */
  readonly streams: readonly StreamTotals[]
}

export const NOTHING_TOLD: NotifyState = {
  open: [],
  told: {},
  undelivered: {},
  destination: null,
  last_success: null,
  streams: [],
}

/** What is known of a warehouse: of another one than before nothing, but what is wrong and who was told stay. */
export const knownOf = (state: NotifyState, destination: string): NotifyState =>
  state.destination === destination ? state : { ...state, destination, last_success: null, streams: [] }

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 8)

/** Names a target without showing its address. Another address is another target, which was told nothing yet. */
export const targetId = (kind: string, address: string): string => `${kind} ${hashOf(address)}`

/**
 * Beside the reports of the runs. Two configurations in one folder have a file each. It is the configuration's and not the
 * destination's: a run with a wrong address of the database is followed by one with the right address, which has to tell
 * that all is well again.
 */
export const stateFile = (runsDirectory: string, configuration: string): string =>
  join(runsDirectory, `notified-${hashOf(configuration)}.json`)

/** What the last run left. A file that is missing or unreadable says that nothing was told, so that all is told again. */
export function readState(file: string): NotifyState {
  try {
    const stored: unknown = JSON.parse(readFileSync(file, 'utf8'))
    return isState(stored) ? { ...NOTHING_TOLD, ...stored } : NOTHING_TOLD
  } catch {
    return NOTHING_TOLD
  }
}

const isState = (stored: unknown): stored is Partial<NotifyState> =>
  typeof stored === 'object' &&
  stored !== null &&
  Array.isArray(Reflect.get(stored, 'open')) &&
  Array.isArray(Reflect.get(stored, 'streams')) &&
  ['told', 'undelivered'].every(name => typeof Reflect.get(stored, name) === 'object' && Reflect.get(stored, name))

/** Completely or not at all, readable by this user alone. */
export function writeState(folder: string, file: string, state: NotifyState, scrub: (text: string) => string): void {
  makeFolder(folder)
  writeFileSync(`${file}.part`, `${scrub(JSON.stringify(state, null, 2))}\n`, { mode: 0o600 })
  renameSync(`${file}.part`, file)
}
