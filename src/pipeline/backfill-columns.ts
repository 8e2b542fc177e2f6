import { Interrupted } from '../common/errors.ts'
import { parseExact } from '../common/exact-json.ts'
import { type RetryOptions, retryDestination } from '../common/retry-destination.ts'
import type { Source } from '../extract/source.ts'
import type { InferredColumns } from '../load/destination.ts'
import type { Stream } from '../schema/stream.ts'
import { rowBackfiller } from '../transform/backfill-row.ts'

export interface BackfillColumnsOptions extends RetryOptions {
  readonly destination: InferredColumns
  readonly source: Pick<Source, 'clock'>
}

/**
 * Fills columns of loaded rows with the values that their `_extra` holds. An interrupted backfill can start over: a value
 * that has moved into its column is no longer in `_extra`.
 * @returns the number of rows that got a value.
 * @throws {Interrupted}
 */
export async function backfillColumns(
  stream: Stream,
  options: BackfillColumnsOptions,
  signal: AbortSignal,
): Promise<number> {
  const { destination, source } = options
  const backfillRow = rowBackfiller(stream)
  let rows = 0
  let after: readonly string[] | null = null
  for (;;) {
    if (signal.aborted) throw new Interrupted()
    const found: Awaited<ReturnType<InferredColumns['rowsWithExtra']>> = await destination.rowsWithExtra(stream, after)
    const last = found.at(-1)
    if (!last) return rows
    const backfilled = found.map(row => backfillRow(row, parseExact(row.extra))).filter(row => row !== null)
    if (backfilled.length > 0)
      await retryDestination(() => destination.backfillColumns(stream, backfilled, source.clock()), options, signal)
    rows += backfilled.length
    after = last.key
  }
}
