import { Interrupted } from '../common/errors.ts'
import { parseExact } from '../common/exact-json.ts'
import { repeat } from '../common/retry.ts'
import type { Source } from '../extract/source.ts'
import type { Destination } from '../load/destination.ts'
import type { Stream } from '../schema/stream.ts'
import { recoverer } from '../transform/backfill-columns.ts'

export interface FillOptions {
  readonly destination: Destination
  readonly source: Pick<Source, 'clock'>
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
}

/**
 * Gives rows that are loaded already the values that `_extra` holds of their columns. Broken off, it is begun again:
 * what is filled is no longer in `_extra`.
 * @returns how many rows took something.
 */
export async function fillStream(stream: Stream, options: FillOptions, signal: AbortSignal): Promise<number> {
  const { destination, source } = options
  const recover = recoverer(stream)
  let rows = 0
  let after: readonly string[] | null = null
  for (;;) {
    if (signal.aborted) throw new Interrupted()
    const found: Awaited<ReturnType<Destination['extras']>> = await destination.extras(stream, after)
    const last = found.at(-1)
    if (!last) return rows
    const filled = found.map(row => recover(row, parseExact(row.extra))).filter(row => row !== null)
    if (filled.length > 0) await repeat(() => destination.fill(stream, filled, source.clock()), options, signal)
    rows += filled.length
    after = last.key
  }
}
