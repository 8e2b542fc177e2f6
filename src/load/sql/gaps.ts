import type { Checkpoint, Gap, Instant, RecordedGap } from '../../common/model.ts'
import { asText } from './as-text.ts'
import type { Session } from './engine.ts'
import { parseGap } from './stored-values.ts'

/** Records a gap once for each start: a scan that starts again after an interruption finds it again, perhaps longer. */
export async function recordGap(db: Session['db'], to: Checkpoint, gap: Gap, foundAt: Instant): Promise<void> {
  const known = (await readGaps(db, [to.stream])).get(to.stream)?.find(({ from }) => from === gap.from)
  if (known === undefined)
    await db
      .insertInto('_sync_gaps')
      .values({ stream: to.stream, from: gap.from, to: gap.to, found_at: foundAt, run: to.writer ?? '' })
      .execute()
  else if (known.to < gap.to)
    await db
      .updateTable('_sync_gaps')
      .set({ to: gap.to })
      .where('stream', '=', to.stream)
      .where('from', '=', gap.from)
      .execute()
}

/** Every gap of these streams, by stream, oldest first. @throws {DestinationError} `unreadable` */
export async function readGaps(
  db: Session['db'],
  streams: readonly string[],
): Promise<ReadonlyMap<string, readonly RecordedGap[]>> {
  const rows = await db
    .selectFrom('_sync_gaps')
    .select(['stream', asText('from').as('from'), asText('to').as('to'), asText('found_at').as('found_at'), 'run'])
    .where('stream', 'in', streams)
    .orderBy('_sync_gaps.from')
    .execute()
  const gaps = rows.map(({ stream, ...row }) => ({ stream, gap: parseGap(row, stream) }))
  return new Map(streams.map(name => [name, gaps.filter(({ stream }) => stream === name).map(({ gap }) => gap)]))
}
