import type { Source } from '../extract/source.ts'
import type { LearntRates } from '../load/destination.ts'

/** What a run needs to begin with the rate that an earlier one has learnt. */
export interface LearntRateOptions {
  readonly source: Pick<Source, 'rate' | 'beginRate' | 'clock'>
  readonly destination: LearntRates
  /** Hash of the token with the salt of the warehouse, which has to be open. */
  readonly tokenHash: () => string
}

/** Begins with the rate that an earlier run has learnt. Another token may have another one. */
export async function beginWithLearntRate({ source, destination, tokenHash }: LearntRateOptions): Promise<void> {
  const learnt = await destination.learntRate()
  if (learnt !== null && learnt.token === tokenHash()) source.beginRate(learnt.per_second)
}

/** Keeps what this run has learnt from responses. */
export async function keepLearntRate({ source, destination, tokenHash }: LearntRateOptions): Promise<void> {
  const { per_second, from } = source.rate
  if (from === 'responses') await destination.keepLearntRate({ token: tokenHash(), per_second, at: source.clock() })
}
