import { ContractError, SourceError } from '../common/errors.ts'
import { FlatRecord } from '../common/flat-record.ts'
import { minus, parseInstant } from '../common/instant.ts'
import type { Instant, Window } from '../common/model.ts'
import type { Stream } from '../schema/stream.ts'

/**
 * Filters are sent with `Z`. Should the API read them as US Eastern wall time all the same [unknown], then what it gives
 * begins and ends this much later than asked for, in milliseconds.
 */
export const ZONE_DOUBT = 5 * 3_600_000

/** The records of an answer. @throws {ContractError} where its list is none. */
export function listOf(body: Record<string, unknown>, stream: Stream): readonly unknown[] {
  const value = body[stream.list]
  if (stream.shape === 'single') return value === null ? [] : [value]
  if (Array.isArray(value)) return value
  throw new ContractError(
    'stream_contract',
    `"${stream.list}" of ${stream.path} is no list`,
    'The API changed. Nothing of this page was loaded; please report it.',
  )
}

/** A member of a record; of one that is rows already, only those of its key and its cursor are known. */
function memberOf(record: unknown, name: string): unknown {
  if (typeof record !== 'object' || record === null) return undefined
  return (record instanceof FlatRecord ? record.members : (record as Record<string, unknown>))[name]
}

/** When the record last changed, if it says so in a form that can be read. */
export function cursorOf(record: unknown, { sync, columns }: Stream): Instant | null {
  if (sync.mode === 'full') return null
  if (record instanceof FlatRecord) return record.entity.cursor
  const value = memberOf(record, sync.cursor)
  return typeof value === 'string' ? parseInstant(value, columns[sync.cursor]?.zone ?? 'UTC') : null
}

/** Ids and cursors of a page; empty for an empty page. */
export function signature(records: readonly unknown[], { key, sync, columns }: Stream): string {
  const names = [...key, ...(sync.mode === 'incremental' ? [sync.cursor] : [])]
  const paths = names.map(name => columns[name]?.from ?? name)
  return records.map(record => paths.map(path => written(memberOf(record, path))).join()).join(';')
}

/** An id past 64 bits, or one that is an object one day, has no text of its own. */
const written = (value: unknown): string | undefined => (typeof value === 'string' ? value : JSON.stringify(value))

/**
 * A page served in place of the one asked for: taken for the answer, it would hide that one. Asked for again. It is the
 * page before, or one with records from outside the range; only times with an offset are sure enough to tell.
 */
export function refuseWrong(
  body: Record<string, unknown>,
  stream: Stream,
  previous: string,
  bounds: Window | null,
): void {
  if (stream.shape !== 'pages') return
  const records = listOf(body, stream)
  const stray = bounds === null ? undefined : strayOf(records, stream, bounds)
  const why =
    stray !== undefined
      ? `a record changed at ${cursorOf(stray, stream)} came for a range from ${bounds?.since} to ${bounds?.until}`
      : isSame(records, stream, previous)
        ? 'the page before came again'
        : null
  if (why !== null)
    throw new SourceError('unavailable', `${stream.path}: ${why}`, {
      next: 'The API serves other pages than were asked for. Run again, and if it stays, please report it.',
    })
}

/** Nearly always known by the first record. */
const isSame = (records: readonly unknown[], stream: Stream, previous: string): boolean =>
  previous !== '' &&
  previous.startsWith(signature(records.slice(0, 1), stream)) &&
  signature(records, stream) === previous

const OFFSET = /(?:Z|[+-]\d{2}:?\d{2})$/

/** A record whose cursor lies outside of the bounds, and that says so with an offset. */
function strayOf(records: readonly unknown[], stream: Stream, { since, until }: Window): unknown {
  const { sync } = stream
  if (sync.mode === 'full') return undefined
  const first = since === null ? null : minus(since, ZONE_DOUBT)
  const last = until === null ? null : minus(until, -ZONE_DOUBT)
  return records.find(record => {
    const at = cursorOf(record, stream)
    if (at === null || ((first === null || at >= first) && (last === null || at <= last))) return false
    return OFFSET.test(String(memberOf(record, sync.cursor)))
  })
}
