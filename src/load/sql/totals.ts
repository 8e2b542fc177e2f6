import { sql } from 'kysely'
import type { Totals } from '../destination.ts'
import type { Context } from './context.ts'
import { parseWatermark } from './stored-values.ts'

/** `Totals` for every database that has an `Engine`. Called after `prepare`, so every system table is there. */
export const createTotals = ({ engine, schema }: Context): Totals => ({
  streamTotals: () =>
    engine.transaction(async ({ db }) => {
      const table = (name: string) => sql.table(`${schema}.${name}`)
      // Checkpoints of backfills and imports have a colon in their name.
      const { rows } = await sql<Row>`
        select c.stream, cast(c.watermark as text) as watermark, cast(c.rows as text) as rows,
          cast((select count(*) from ${table('_sync_rejects')} as r where r.stream = c.stream) as text) as rejects,
          cast((select count(*) from ${table('_sync_gaps')} as g where g.stream = c.stream) as text) as gaps
        from ${table('_sync_checkpoints')} as c where c.stream not like '%:%' order by c.stream`.execute(db)
      return rows.map(({ stream, watermark, rows: stored, rejects, gaps }) => ({
        stream,
        complete_to: parseWatermark({ watermark }, stream),
        rows: stored === null ? null : Number(stored),
        rejects: Number(rejects),
        gaps: Number(gaps),
      }))
    }),
})

interface Row {
  readonly stream: string
  readonly watermark: string | null
  readonly rows: string | null
  readonly rejects: string
  readonly gaps: string
}
