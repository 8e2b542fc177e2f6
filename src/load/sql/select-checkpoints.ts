import { sql } from 'kysely'
import { asText } from './as-text.ts'
import type { Context } from './context.ts'
import type { Session } from './engine.ts'
import { suspectScan } from './seen-keys.ts'

/** In place of a column that the table does not have yet. */
export const NOTHING = sql<string | null>`cast(null as text)`

/** A query of the rows of `_sync_checkpoints`, which an older version may have made, each as `parseCheckpoint` reads it. */
export async function selectCheckpoints(session: Session, { schema, inSchema, hasColumn }: Context) {
  const isCurrent = await hasColumn(session, '_sync_checkpoints', 'lost')
  const hasCompleteFrom = await hasColumn(session, '_sync_checkpoints', 'complete_from')
  return inSchema(session)
    .selectFrom('_sync_checkpoints')
    .select(['stream', 'shape', 'writer'])
    .select([asText('version').as('version'), asText('watermark').as('watermark'), asText('walk').as('walk')])
    .select(asText('swept').as('swept'))
    .select((isCurrent ? asText('lost') : NOTHING).as('lost'))
    .select((isCurrent ? suspectScan(schema, '_sync_checkpoints.stream') : NOTHING).as('suspect'))
    .select((hasCompleteFrom ? asText('complete_from') : NOTHING).as('complete_from'))
}
