import type { Problem } from '../common/errors.ts'
import { earlier, minus, ZONE_UNCERTAINTY } from '../common/instant.ts'
import type { RowBatch } from '../common/model.ts'
import { type RetryOptions, retryDestination } from '../common/retry-destination.ts'
import type { Source } from '../extract/source.ts'
import type { ExpectedRows } from '../load/reconciliation.ts'
import { advance, isComplete, type ScanState } from './checkpoint.ts'

export interface SilenceOptions extends RetryOptions {
  readonly source: Pick<Source, 'clock'>
  readonly destination: ExpectedRows
}

/**
 * Follows a scan, and finds one that read nothing at all although the tables have rows in its window: the API should
 * have shown these again, so its silence proves nothing. Only such a scan costs a query.
 */
export class Silence {
  /** Rows that should have been read; 0: the scan may end. */
  missed = 0
  readonly #start: ScanState
  readonly #options: SilenceOptions

  constructor(start: ScanState, options: SilenceOptions) {
    this.#start = start
    this.#options = options
  }

  /** Passes the batches on. `missed` is known before the last one is. */
  async *watch(batches: AsyncIterable<RowBatch>, signal: AbortSignal): AsyncGenerator<RowBatch> {
    let state = this.#start
    let isSilent = true
    for await (const batch of batches) {
      isSilent &&= batch.read === 0
      if (isSilent) {
        state = advance(state, batch)
        if (isComplete(state)) this.missed = await this.#countMissed(signal)
      }
      yield batch
    }
  }

  async #countMissed(signal: AbortSignal): Promise<number> {
    const { stream, scan, resumed } = this.#start
    const { since, until } = scan.window
    // A resumed scan may have read before what it would have met now.
    if (resumed) return 0
    const { source, destination } = this.#options
    const from = since === null ? null : minus(since, -ZONE_UNCERTAINTY)
    const window = { from, to: until === null ? scan.upperBound : earlier(until, scan.upperBound) }
    return await retryDestination(
      () => destination.countExpected(stream, window, source.clock()),
      this.#options,
      signal,
    )
  }
}

export const nothingSeen = (missed: number, { baseWatermark, backfill }: ScanState): Problem => ({
  code: 'nothing_seen',
  message: `the API returned no record, although the tables have ${missed} rows that it should have returned; ${
    backfill
      ? 'what changed in this range may be missing'
      : baseWatermark === null
        ? 'so nothing is known to be complete'
        : `so the stream stays complete only to ${baseWatermark}`
  }`,
  next: backfill
    ? 'Run the backfill again. If this stays, run reconcile, and ask Recharge why the list is empty.'
    : 'The next run reads the same again, and nothing is lost. If this stays, run reconcile, and ask Recharge why the list is empty.',
})
