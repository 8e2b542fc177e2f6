import pLimit from 'p-limit'
import { lines, type Printable } from '../../common/printable.ts'
import { opensConnections } from '../../load/rollup.ts'
import type { Fleet } from '../config/fleet.ts'
import { runStore, type StoreRun } from './store-process.ts'

/** Connections to Postgres that the process of one store opens at most (`app.ts`). */
const CONNECTIONS = 5

export interface SideBySide {
  /** The command and its flags for one store. */
  readonly command: (store: string) => readonly string[]
  /** Whether the process tells its progress, so that one that stands still can be ended. */
  readonly isWatched: boolean
  /** Called when the process of a store has ended. */
  readonly ended: (run: StoreRun) => void
}

/**
 * Runs a command for every store, at most `atOnce` of them at the same time.
 * @returns in the order of the file.
 */
export async function runStores(
  { file, stores, atOnce, stalledMs, memoryMb }: Fleet,
  { command, isWatched, ended }: SideBySide,
  signal: AbortSignal,
): Promise<readonly StoreRun[]> {
  const limit = pLimit(atOnce)
  return await Promise.all(
    stores.map(({ name }) =>
      limit(async () => {
        if (signal.aborted) return notBegun(name)
        const asked = { file, store: name, command: command(name), stalledMs: isWatched ? stalledMs : null, memoryMb }
        const run = await runStore(asked, signal)
        ended(run)
        return run
      }),
    ),
  )
}

/** A store that was not begun, because the whole was interrupted. */
const notBegun = (store: string): StoreRun => ({
  store,
  code: 130,
  json: null,
  said: 'not begun: interrupted',
  broken: null,
  seconds: 0,
})

/** What the processes may take at most together: memory and connections are the bounds of `at_once`. */
export function boundsText({ stores, atOnce, memoryMb }: Fleet): Printable {
  const processes = Math.min(atOnce, stores.length)
  const connects = stores.some(({ config }) => opensConnections(config.destination))
  return lines(
    [
      `${stores.length} stores, ${processes} at once`,
      ...(connects ? [`at most ${processes * CONNECTIONS} connections to Postgres`] : []),
      ...(memoryMb === null ? [] : [`at most ${processes * memoryMb} MB for objects`]),
    ].join(', '),
  )
}
