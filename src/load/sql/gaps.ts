import { sql } from 'kysely'
import { type Instant, parseInstant } from '../../common/instant.ts'
import type { Checkpoint, Gap, RecordedGap } from '../../common/model.ts'
import type { Session } from './engine.ts'

/** Once for each beginning: a scan that is broken off and begun again finds the same gap, by then perhaps a longer one. */
export async function keepGap(db: Session['db'], to: Checkpoint, gap: Gap, foundAt: Instant): Promise<void> {
  const known = (await gapsOf(db, to.stream)).find(({ from }) => from === gap.from)
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

export async function gapsOf(db: Session['db'], stream: string): Promise<readonly RecordedGap[]> {
  const text = (column: string) => sql<string>`cast(${sql.ref(column)} as text)`
  const rows = await db
    .selectFrom('_sync_gaps')
    .select([text('from').as('from'), text('to').as('to'), text('found_at').as('found_at'), 'run'])
    .where('stream', '=', stream)
    .orderBy('_sync_gaps.from')
    .execute()
  return rows.map(({ from, to, found_at, run }) => ({
    from: instant(from),
    to: instant(to),
    found_at: instant(found_at),
    run,
  }))
}

/** As the databases write it, which `parseInstant` reads. */
function instant(text: string): Instant {
  const parsed = parseInstant(text, 'UTC')
  if (parsed === null) throw new Error(`_sync_gaps holds "${text}", which is no instant`)
  return parsed
}
