import { sql } from 'kysely'
import { DestinationError } from '../../common/errors.ts'
import type { Checkpoint } from '../../common/model.ts'
import { identifier } from '../../schema/name.ts'
import type { Stream } from '../../schema/stream.ts'
import { SOURCE, tablesOf } from '../../schema/table.ts'
import type { ImportedRange, StreamStatus } from '../inspection.ts'
import { asText } from './as-text.ts'
import type { Context } from './context.ts'
import type { Session } from './engine.ts'
import { readGaps } from './gaps.ts'
import { countEach, expectedRows, fewerThan, type StoredCounts } from './row-counts.ts'
import { NOTHING, selectCheckpoints } from './select-checkpoints.ts'
import {
  parseCheckpoint,
  parseCompleteFrom,
  parseImported,
  parseLastRun,
  parseReconciliation,
  parseWatermark,
} from './stored-values.ts'

const SYSTEM = ['_sync_checkpoints', '_sync_gaps', '_sync_reconciliations'] as const

/** What `Inspection.streamStatuses` returns. */
export async function streamStatuses(
  session: Session,
  context: Context,
  streams: readonly Stream[],
): Promise<ReadonlyMap<string, StreamStatus>> {
  const names = streams.map(({ name }) => name)
  if (names.length === 0) return new Map()
  const tables = streams.map(stream => {
    const { root, children } = tablesOf(stream)
    return { stream, root: root.name, all: [root.name, ...children.map(({ table }) => table.name)] }
  })
  const there = await context.existing(session, [...SYSTEM, ...tables.flatMap(({ all }) => all)])
  // Read before the rows are counted: a commit in between only adds rows.
  const checkpoints = there.has('_sync_checkpoints') ? await readCheckpoints(session, context, names) : null
  const counts = await countEach(
    session,
    context.schema,
    tables.flatMap(({ all }) => all).filter(table => there.has(table)),
    new Set(tables.map(({ root }) => root)),
  )
  const gaps = there.has('_sync_gaps') ? await readGaps(context.inSchema(session), names) : null
  const reconciliations = there.has('_sync_reconciliations') ? await readReconciliations(session, context, names) : null
  const statuses = new Map<string, StreamStatus>()
  for (const { stream, root } of tables) {
    const { name } = stream
    const row = checkpoints?.get(name)
    const counted = counts.get(root)
    const reconciliation = reconciliations?.get(name)
    statuses.set(name, {
      watermark: row ? parseWatermark(row, name) : null,
      completeFrom: row ? parseCompleteFrom(row, name) : null,
      checkpoint: row ? parseIfReadable(row, name) : null,
      rows: counted ? counted.rows - counted.deleted : null,
      deleted: counted ? counted.deleted : null,
      missing: row ? fewerThan(expectedRows(stream, row), counts) : [],
      lastRun: row ? parseLastRun(row, name) : null,
      reconciled: reconciliation ? parseReconciliation(reconciliation, name) : null,
      gaps: gaps?.get(name) ?? [],
      imported: await importedOf(session, context, stream),
    })
  }
  return statuses
}

type CheckpointRow = StoredCounts & { readonly stream: string }

async function readCheckpoints(
  session: Session,
  context: Context,
  names: readonly string[],
): Promise<ReadonlyMap<string, CheckpointRow>> {
  const { hasColumn } = context
  const isCounted = await hasColumn(session, '_sync_checkpoints', 'rows')
  const rows = await (await selectCheckpoints(session, context))
    .select(asText('report').as('report'))
    .select((isCounted ? asText('rows') : NOTHING).as('rows'))
    .select((isCounted ? asText('child_rows') : NOTHING).as('child_rows'))
    .where('stream', 'in', names)
    .execute()
  return new Map(rows.map(row => [row.stream, row]))
}

function parseIfReadable(row: object, stream: string): Checkpoint | null {
  try {
    return parseCheckpoint(row, stream)
  } catch (error) {
    if (error instanceof DestinationError) return null
    throw error
  }
}

/** The newest comparison of all records of each stream. */
async function readReconciliations(
  { db }: Session,
  { schema }: Context,
  names: readonly string[],
): Promise<ReadonlyMap<string, object>> {
  const { rows } = await sql<{ stream: string; reconciled_at: string; differing: string }>`
    select distinct on (stream) stream, cast(reconciled_at as text) as reconciled_at,
      cast(missing + changed + gone - repaired as text) as differing
    from ${sql.table(`${schema}._sync_reconciliations`)}
    where stream in (${sql.join([...names])}) and method = 'records' and bucket = 'all'
    order by stream, run desc`.execute(db)
  return new Map(rows.map(({ stream, ...row }) => [stream, row]))
}

async function importedOf(
  session: Session,
  { schema, hasColumn }: Context,
  { name, retention, export: exported }: Stream,
): Promise<ImportedRange | null> {
  if (exported === null || retention === null || !(await hasColumn(session, name, SOURCE.name))) return null
  const by = sql.ref(identifier(retention.by))
  const { rows } = await sql<{ n: string; oldest: string | null; newest: string | null }>`
    select cast(count(*) as text) as n, cast(min(${by}) as text) as oldest, cast(max(${by}) as text) as newest
    from ${sql.table(`${schema}.${name}`)}
    where ${sql.ref(SOURCE.name)} = 'export' and _deleted_at is null`.execute(session.db)
  return parseImported(rows[0], name)
}
