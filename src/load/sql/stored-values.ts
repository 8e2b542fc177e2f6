import { z } from 'zod'
import { DestinationError } from '../../common/errors.ts'
import { parseInstant } from '../../common/instant.ts'
import type { Committed, Instant, LastRun, RunId, Scan } from '../../common/model.ts'

/*
 * JSON that an earlier run, perhaps of another version of this program, left in the database. It is parsed by a schema
 * when it is read. The names in it are those of the first version, and stay: an older program may read it again.
 */

const instant = z.string().transform((text, context): Instant => {
  const parsed = parseInstant(text, 'UTC')
  if (parsed !== null) return parsed
  context.issues.push({ code: 'custom', message: 'is no point in time', input: text })
  return z.NEVER
})
const count = z.int().min(0)

const range = { id: z.int(), since: instant.nullable(), until: instant.nullable() }
const segment = z.object({
  ...range,
  at: instant.nullable(),
  highest: instant.nullable(),
  resume: z.string().nullable(),
  ordered: z.boolean(),
  done: z.boolean(),
})

/** `_sync_checkpoints.walk`: a scan that has begun and not ended. */
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

/** `_sync_checkpoints.counts`: what became of the records of the last commit. */
const committed = z
  .object({
    added: count,
    changed: count,
    unchanged: count,
    deleted: count,
    rejected: count,
    withheld: z.object({ why: z.enum(['unknown_key', 'few_seen', 'maybe_forgotten']), rows: count }).optional(),
  })
  .transform(
    ({ withheld, ...counts }): Committed =>
      withheld === undefined ? counts : { ...counts, deletionSkipped: withheld },
  )

const problem = z.object({ code: z.string(), message: z.string(), next: z.string() })
const countsByPath = z.record(z.string(), count)

/** `_sync_checkpoints.report`: what the last run did with the stream. Older runs said less. */
const lastRun = z.object({
  run: z.string().transform(run => run as RunId),
  finished_at: instant,
  stream: z.string(),
  outcome: z.enum(['complete', 'failed', 'skipped', 'interrupted']),
  requests: count,
  records: count,
  added: count,
  changed: count,
  unchanged: count,
  deleted: count,
  rejected: count,
  from: instant.nullable(),
  complete_to: instant.nullable(),
  undeclared: countsByPath,
  mismatched: countsByPath.default({}),
  cleaned: count.default(0),
  gaps: z.array(z.object({ from: instant, to: instant })),
  seconds: z.number(),
  problem: problem.nullable(),
})

/** @throws {DestinationError} `unreadable`, naming the stream and the way out. */
export const parseScan = (json: string, stream: string): Scan => parse(scan, json, stream, 'walk')
/** @throws {DestinationError} `unreadable` */
export const parseCommitted = (json: string, stream: string): Committed => parse(committed, json, stream, 'counts')
/** @throws {DestinationError} `unreadable` */
export const parseLastRun = (json: string, stream: string): LastRun => parse(lastRun, json, stream, 'report')

export function stringifyScan({ window, upperBound, segments, keysRecorded }: Scan): string {
  return JSON.stringify({ window, ceiling: upperBound, segments, ...(keysRecorded ? { noted: true } : {}) })
}

export function stringifyCommitted({ deletionSkipped, ...counts }: Committed): string {
  return JSON.stringify({ ...counts, ...(deletionSkipped ? { withheld: deletionSkipped } : {}) })
}

function parse<T>(schema: z.ZodType<T>, json: string, stream: string, column: string): T {
  const parsed = schema.safeParse(jsonOf(json))
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const where = ['', ...(issue?.path ?? [])].join('.')
  throw new DestinationError(
    'unreadable',
    `${stream}: ${column}${where} in _sync_checkpoints cannot be read: ${issue?.message ?? 'it is not JSON'}`,
    undefined,
    `A newer version or somebody else wrote it. Run the version that wrote it, or "reset ${stream}" to read the stream from its start; rows stay.`,
  )
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
