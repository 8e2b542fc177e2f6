import type { LearntRates } from '../destination.ts'
import type { Context } from './context.ts'
import { readLearntRate, writeLearntRate } from './settings.ts'

/** `LearntRates` for every database that has an `Engine`. */
export const createLearntRates = ({ engine, inSchema, exists }: Context): LearntRates => ({
  learntRate: () =>
    engine.transaction(async session =>
      (await exists(session, '_sync_settings')) ? readLearntRate(inSchema(session)) : null,
    ),
  keepLearntRate: rate => engine.transaction(session => writeLearntRate(inSchema(session), rate)),
})
