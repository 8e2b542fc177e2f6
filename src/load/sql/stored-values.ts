import { z } from 'zod'
import { DestinationError } from '../../common/errors.ts'
import { parseInstant } from '../../common/instant.ts'
import type {
  Checkpoint,
  Committed,
  DeletionSkipped,
  Instant,
  KeptReject,
  LearntRate,
  LostRows,
  RecordedGap,
  RecordedStore,
  RunId,
  Scan,
} from '../../common/model.ts'
import type { LastRun, RecordedRun } from '../../common/run-report.ts'
import type { ColumnKind, Policy } from '../../schema/column.ts'
import type { InferredColumn } from '../../schema/inferred-columns.ts'
import { SALT } from '../../schema/salt.ts'
import { type TypedColumn, VIEW_KINDS } from '../../schema/view.ts'
import type { OlderReport } from '../destination.ts'
import type { ImportedRange } from '../inspection.ts'
import type { MadeColumns } from './ownership.ts'

/*
 * Values that an earlier run stored in the system tables. Another version of this program may have written them, or a
 * person may have changed them, so a schema parses each of them when it is read. Names inside JSON are those of the first
 * version and stay: an older version may read them again.
 */

/** As both databases print a time; what `infinity` and times before the year 1 would mean is not known. */
const instant = z.string().transform((text, context): Instant => {
  const parsed = parseInstant(text, 'UTC')
  if (parsed !== null) return parsed
  context.issues.push({ code: 'custom', message: `"${text}" is not a point in time`, input: text })
  return z.NEVER
})
const count = z.int().min(0)
const runId = z.string().transform(run => run as RunId)

/** JSON in a text, parsed by `schema`. */
const json = <T>(schema: z.ZodType<T>) =>
  z.preprocess((text, context): unknown => {
    try {
      return JSON.parse(String(text))
    } catch {
      context.issues.push({ code: 'custom', message: 'it is not JSON', input: text })
      return z.NEVER
    }
  }, schema)

const range = { id: z.int(), since: instant.nullable(), until: instant.nullable() }
const segment = z.object({
  ...range,
  at: instant.nullable(),
  highest: instant.nullable(),
  resume: z.string().nullable(),
  ordered: z.boolean(),
  done: z.boolean(),
})

const scan = z
  .object({
    window: z.object({ since: instant.nullable(), until: instant.nullable() }),
    ceiling: instant,
    segments: z.array(segment),
    noted: z.literal(true).optional(),
  })
  .transform(
    ({ window, ceiling, segments, noted }): Scan => ({
      window,
      upperBound: ceiling,
      segments,
      ...(noted ? { keysRecorded: true } : {}),
    }),
  )

const withheld = z
  .object({
    why: z.enum(['unknown_key', 'few_seen', 'large_loss', 'maybe_forgotten', 'owner_not_listed']),
    rows: count,
    toConfirm: z
      .object({
        scan: instant,
        absent: z.array(z.string()),
        seen: z.string().nullable(),
        secondTime: z.boolean(),
      })
      .optional(),
  })
  .transform(({ toConfirm, ...skipped }): DeletionSkipped => (toConfirm ? { ...skipped, toConfirm } : skipped))

const committed = z
  .object({
    added: count,
    changed: count,
    unchanged: count,
    older: count.default(0),
    deleted: count,
    rejected: count,
    withheld: withheld.optional(),
  })
  .transform(
    ({ withheld, ...counts }): Committed =>
      withheld === undefined ? counts : { ...counts, deletionSkipped: withheld },
  )

const problem = z.object({ code: z.string(), message: z.string(), next: z.string() })
const countsByPath = z.record(z.string(), count)

/** Older versions wrote neither `mismatched`, `cleaned`, `older`, `complete_from` nor `not_due_until`. */
const lastRun = z.object({
  run: runId,
  finished_at: instant,
  stream: z.string(),
  outcome: z.enum(['complete', 'failed', 'skipped', 'interrupted']),
  requests: count,
  records: count,
  added: count,
  changed: count,
  unchanged: count,
  older: count.default(0),
  deleted: count,
  rejected: count,
  from: instant.nullable(),
  complete_from: instant.nullable().default(null),
  complete_to: instant.nullable(),
  not_due_until: instant.nullable().default(null),
  undeclared: countsByPath,
  mismatched: countsByPath.default({}),
  cleaned: count.default(0),
  gaps: z.array(z.object({ from: instant, to: instant })),
  seconds: z.number(),
  problem: problem.nullable(),
})

const anyOutcome = z.enum(['complete', 'failed', 'skipped', 'interrupted', 'running'])

/** Older versions wrote a run only when it had ended. */
const recordedRun = z.object({
  run: runId,
  started_at: instant,
  finished_at: instant.nullable().default(null),
  outcome: anyOutcome,
  problem: problem.nullable().default(null),
  streams: z
    .array(z.object({ stream: z.string(), outcome: anyOutcome, problem: problem.nullable().default(null) }))
    .default([]),
  selected: z.array(z.string()).nullable().default(null),
  destination: z.string().nullable().default(null),
  process: z
    .object({ host: z.string(), pid: z.int(), started: z.string().nullable(), space: z.string().nullable() })
    .nullable()
    .default(null),
})

const checkpointRow = z.object({
  version: z.string().regex(/^\d+$/, 'it is not a number of commits').transform(Number),
  watermark: instant.nullable(),
  walk: json(scan).nullable(),
  shape: z.string().nullable(),
  writer: runId.nullable(),
  swept: instant.nullable(),
  complete_from: instant.nullish().transform(from => from ?? null),
  lost: z.string().nullish(),
  suspect: z.string().nullish(),
})
const countsRow = z.object({ counts: json(committed).nullable() })
const reportRow = z.object({ report: json(lastRun).nullable() })

const kind = z.enum({
  int: 'int',
  money: 'money',
  rate: 'rate',
  instant: 'instant',
  day: 'day',
  flag: 'flag',
  text: 'text',
  json: 'json',
} as const satisfies { readonly [K in ColumnKind]: K })

const policy = z.enum({ keep: 'keep', hash: 'hash', omit: 'omit' } as const satisfies { readonly [P in Policy]: P })

const watermarkRow = checkpointRow.pick({ watermark: true })
const completeFromRow = checkpointRow.pick({ complete_from: true })

/** The watermark alone, as text. @throws {DestinationError} `unreadable` */
export const parseWatermark = (row: object, stream: string): Instant | null =>
  parse(watermarkRow, row, checkpointOf(stream)).watermark

/** From when on the stream is complete, alone, as text. @throws {DestinationError} `unreadable` */
export const parseCompleteFrom = (row: object, stream: string): Instant | null =>
  parse(completeFromRow, row, checkpointOf(stream)).complete_from

/** Each column as text. @throws {DestinationError} `unreadable`, naming stream and column. */
export const parseCheckpoint = (columns: object, stream: string): Checkpoint => {
  const { version, watermark, walk, shape, writer, swept, complete_from, ...row } = parse(
    checkpointRow,
    columns,
    checkpointOf(stream),
  )
  const lost = parseLostRows(row.lost, stream)
  return {
    stream,
    version,
    watermark,
    scan: walk,
    schemaHash: shape,
    writer,
    lastSnapshotAt: swept,
    completeFrom: complete_from,
    ...(lost ? { lost } : {}),
    ...(row.suspect ? { isSuspect: true } : {}),
  }
}

/** @throws {DestinationError} `unreadable` */
export const parseCounts = (row: object, stream: string): Committed | null =>
  parse(countsRow, row, checkpointOf(stream)).counts

/** @throws {DestinationError} `unreadable` */
export const parseLastRun = (row: object, stream: string): LastRun | null =>
  parse(reportRow, row, checkpointOf(stream)).report

/** @param where names the file or the row. @throws {DestinationError} `unreadable` */
export const parseRun = (text: string, where: string): RecordedRun =>
  parse(json(recordedRun), text, { where, next: 'Delete it: it is only the report of one run.' })

export function stringifyScan({ window, upperBound, segments, keysRecorded }: Scan): string {
  return JSON.stringify({ window, ceiling: upperBound, segments, ...(keysRecorded ? { noted: true } : {}) })
}

export function stringifyCommitted({ deletionSkipped, ...counts }: Committed): string {
  return JSON.stringify({ ...counts, ...(deletionSkipped ? { withheld: deletionSkipped } : {}) })
}

/** What is stored of each column, by `table.column`; a column that is not named is kept. */
export type StoredPolicies = Readonly<Record<string, Policy>>

/** @throws {DestinationError} `unreadable`, naming the setting. */
export const parsePolicies = (value: string): StoredPolicies =>
  parse(json(z.record(z.string(), policy)), value, {
    where: 'the setting policies in _sync_settings',
    next: 'Delete the row "policies" of _sync_settings: the next run writes it again, and the comments of columns that are hashed or omitted.',
  })

/** @throws {DestinationError} `unreadable`, naming the setting. */
export const parseMadeColumns = (value: string): MadeColumns =>
  parse(json(z.record(z.string(), z.array(z.string()))), value, {
    where: 'the setting tables in _sync_settings',
    next: 'Delete the row "tables" of _sync_settings: the next run writes it again.',
  })

const migration = z.object({
  column: z.string(),
  from: z.string(),
  to: z.string().nullable(),
  keptIn: z.string().nullable(),
  at: z.string().nullable(),
})

/** The columns that were changed, the oldest first. @throws {DestinationError} `unreadable`, naming the setting. */
export const parseMigrations = (value: string): z.infer<typeof migration>[] =>
  parse(json(z.array(migration)), value, {
    where: 'the setting migrations in _sync_settings',
    next: 'Delete the row "migrations" of _sync_settings: it only says which columns were changed, and when.',
  })

const lostRows = z.object({ tables: z.array(z.string()), columns: z.array(z.string()), since: instant.nullable() })

/** What a stream lost with tables or columns that somebody dropped; null: nothing. @throws {DestinationError} `unreadable` */
export const parseLostRows = (value: string | null | undefined, stream: string): LostRows | null =>
  value == null ? null : parse(json(lostRows), value, checkpointOf(stream))

const completeTo = z.object({ streams: z.array(z.object({ stream: z.string(), complete_to: instant.nullish() })) })

/** Up to when a report says that a stream was complete; null: it does not say, or not in a form that is known. */
export const completeToIn = (report: string, stream: string): Instant | null =>
  json(completeTo)
    .safeParse(report)
    .data?.streams.find(({ stream: name }) => name === stream)?.complete_to ?? null

const olderReport = z.object({
  finished_at: instant,
  streams: z.array(
    z.object({
      stream: z.string(),
      outcome: z.string(),
      from: instant.nullish(),
      complete_to: instant.nullish(),
      gaps: z.array(z.object({ from: instant, to: instant })).default([]),
    }),
  ),
})

/** What the report of a run says of a complete scan of the stream; null: nothing, or not in a form that is known. */
export function parseOlderReport(report: string, stream: string): OlderReport | null {
  const parsed = json(olderReport).safeParse(report).data
  const found = parsed?.streams.find(({ stream: name, outcome }) => name === stream && outcome === 'complete')
  if (parsed === undefined || !found?.complete_to) return null
  const { from = null, complete_to, gaps } = found
  return { window_from: from, complete_to, finished_at: parsed.finished_at, gaps }
}

const importedRow = z.object({
  n: z.string().transform(Number),
  oldest: instant.nullable(),
  newest: instant.nullable(),
})

/** Null: there are no such rows. @throws {DestinationError} `unreadable`, naming the stream. */
export function parseImported(row: object | undefined, stream: string): ImportedRange | null {
  const { n, ...times } = parse(importedRow, row, {
    where: `${stream}: a time in its imported rows`,
    next: 'Somebody changed a row by hand. Import the file again.',
  })
  return n === 0 ? null : { rows: n, ...times }
}

const rowCounts = z.object({
  rows: z.string().regex(/^\d+$/, 'it is not a number of rows').transform(Number).nullable(),
  child_rows: json(z.record(z.string(), count)).nullable(),
})

/** Rows of the stream's own table, and of its lists by table. @throws {DestinationError} `unreadable` */
export const parseRowCounts = (row: object, stream: string): z.infer<typeof rowCounts> =>
  parse(rowCounts, row, checkpointOf(stream))

const hex = z.string().regex(new RegExp(`^[0-9a-f]{${2 * SALT}}$`), `it is not ${SALT} bytes in hex`)

/** @throws {DestinationError} `unreadable`. The message does not repeat the value. */
export const parseSalt = (value: string): Buffer =>
  Buffer.from(
    parse(hex, value, {
      where: 'the setting salt in _sync_settings',
      next: 'Put the salt back from a backup of the warehouse. If there is none, delete the row "salt" of _sync_settings: the next run makes a new salt, and hashes stored before no longer match new ones.',
    }),
    'hex',
  )

const recordedStore = z.object({
  id: z.string().nullable(),
  name: z.string().nullable(),
  client: z.object({ name: z.string().nullable(), email: z.string().nullable() }),
  token: z.string(),
})

/** @throws {DestinationError} `unreadable` */
export const parseStore = (value: string): RecordedStore =>
  parse(json(recordedStore), value, {
    where: 'the setting store in _sync_settings',
    next: 'Delete the row "store" of _sync_settings: the next run records the store of its token, so make sure that it is the right one.',
  })

const learntRate = z.object({ token: z.string(), per_second: z.number().positive(), at: instant })

/** Null where somebody changed it by hand: it only says where to begin, and is learnt again. */
export function parseLearntRate(value: string): LearntRate | null {
  const parsed = json(learntRate).safeParse(value)
  return parsed.success ? parsed.data : null
}

/** Columns of `_sync_columns`. */
export interface StoredColumn {
  readonly stream: string
  readonly table_name: string
  readonly column_name: string
  readonly path: string
  readonly kind: string
}

/** @throws {DestinationError} `unreadable`, naming stream and column. */
export function parseInferredColumn({ stream, table_name, column_name, path, ...row }: StoredColumn): InferredColumn {
  const parsed = parse(z.object({ kind }), row, {
    where: `${stream}: the row of _sync_columns for ${table_name}.${column_name}`,
    next: `Set its kind to what the column holds: ${kind.options.join(', ')}.`,
  })
  return { table: table_name, column: column_name, path, kind: parsed.kind }
}

const gap = z.object({ from: instant, to: instant, found_at: instant, run: z.string() })

/** @throws {DestinationError} `unreadable`, naming the stream. */
export const parseGap = (row: object, stream: string): RecordedGap =>
  parse(gap, row, {
    where: `${stream}: a row of _sync_gaps`,
    next: `Correct the time in _sync_gaps, or delete the row: then nothing shows any more that this time is missing.`,
  })

const rejectRow = z.object({
  fingerprint: z.string(),
  key: z.string().nullable(),
  source: z.literal('export').nullable(),
  seen: instant,
})
const knownReject = z.object({ fingerprint: z.string(), key: z.string().nullable(), changed_at: instant.nullable() })

const rejectOf = (stream: string, fingerprint: string): Stored => ({
  where: `${stream}: the row of _sync_rejects with the fingerprint ${fingerprint}`,
  next: 'Correct the value, or delete the row: then the record loads when the API next shows it.',
})

/** @throws {DestinationError} `unreadable`, naming stream and reject. */
export function parseReject(row: { readonly fingerprint: string }, stream: string): KeptReject {
  const { seen, ...reject } = parse(rejectRow, row, rejectOf(stream, row.fingerprint))
  return { ...reject, seenAt: seen }
}

/** What decides whether a loaded record replaces a kept reject. */
export interface KnownReject extends Pick<KeptReject, 'fingerprint' | 'key'> {
  /** When the record last changed; null: it does not say. */
  readonly changedAt: Instant | null
}

/** @throws {DestinationError} `unreadable`, naming stream and reject. */
export function parseKnownReject(row: { readonly fingerprint: string }, stream: string): KnownReject {
  const { changed_at, ...reject } = parse(knownReject, row, rejectOf(stream, row.fingerprint))
  return { ...reject, changedAt: changed_at }
}

const reconciliation = z.object({
  reconciled_at: instant,
  differing: z.string().regex(/^-?\d+$/, 'it is not a number'),
})

/** @throws {DestinationError} `unreadable`, naming the stream. */
export function parseReconciliation(row: object, stream: string): { at: Instant; agreed: boolean } {
  const { reconciled_at, differing } = parse(reconciliation, row, {
    where: `${stream}: the newest row of _sync_reconciliations`,
    next: `Delete the rows of ${stream} from _sync_reconciliations, then run "reconcile --streams ${stream}".`,
  })
  return { at: reconciled_at, agreed: differing === '0' }
}

/** When the scan or list snapshot began that a row of `_sync_seen` belongs to. @throws {DestinationError} `unreadable` */
export const parseSeenScan = (text: string, stream: string): Instant =>
  parse(instant, text, { where: `${stream}: walk in _sync_seen`, next: resetOf(stream) })

/** A time in a row of a stream's own table; null stays null. @throws {DestinationError} `unreadable`, naming row and column. */
export const parseRowTime = (text: string | null, table: string, key: string, column: string): Instant | null =>
  parse(instant.nullable(), text, {
    where: `${column} in the row of ${table} with the key ${key}`,
    next: 'Somebody changed the row by hand. Run "reconcile --repair": it writes the row again as Recharge has it.',
  })

/** Which row a value lies in, and what a person can do when it does not fit. */
interface Stored {
  readonly where: string
  readonly next: string
}

const resetOf = (stream: string): string =>
  `A newer version or somebody else wrote it. Run the version that wrote it, or "reset ${stream}" to read the stream from its start; rows stay.`

const checkpointOf = (stream: string): Stored => ({
  where: `${stream}: the row of _sync_checkpoints`,
  next: resetOf(stream),
})

function parse<T>(schema: z.ZodType<T>, value: unknown, { where, next }: Stored): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const position = [where, ...(issue?.path.length ? [issue.path.join('.')] : [])].join(', ')
  throw new DestinationError('unreadable', `${position} cannot be read: ${issue?.message ?? ''}`, undefined, next)
}

const viewColumns = z.array(z.object({ name: z.string(), kind: z.enum(VIEW_KINDS) }))

const LEDGER = {
  where: 'a row of _sync_views',
  next: 'Drop the schemas of the views and delete the rows of _sync_views: the next run makes the views again.',
}

/** @throws {DestinationError} `unreadable` */
export const parseViewColumns = (value: string): readonly TypedColumn[] => parse(json(viewColumns), value, LEDGER)

/** @throws {DestinationError} `unreadable` */
export const parseGrants = (value: string): readonly string[] => parse(json(z.array(z.string())), value, LEDGER)
