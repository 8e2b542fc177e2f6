import { SourceError } from '../common/errors.ts'
import { minus } from '../common/instant.ts'
import type { DecodedPage, Window } from '../common/model.ts'
import type { Stream } from '../schema/stream.ts'

/**
 * Filters are sent with `Z`. Should the API read them as US Eastern wall time all the same [unknown], then what it gives
 * begins and ends this much later than asked for, in milliseconds.
 */
export const ZONE_UNCERTAINTY = 5 * 3_600_000

/** Keys and cursors of a page, in order; empty for an empty page. */
export const signature = ({ keys, cursors }: DecodedPage): string =>
  keys.map((key, i) => signatureOf(key, cursors[i] ?? null)).join(';')

const signatureOf = (key: string, cursor: string | null): string => (cursor === null ? key : `${key},${cursor}`)

/** The signature of the page's last record; empty for an empty page. */
export const lastSignature = ({ keys, cursors }: DecodedPage): string =>
  keys.length === 0 ? '' : signatureOf(keys.at(-1) ?? '', cursors.at(-1) ?? null)

/** Whether the page has the record with this signature. */
export const hasRecord = ({ keys, cursors }: DecodedPage, wanted: string): boolean =>
  keys.some((key, i) => signatureOf(key, cursors[i] ?? null) === wanted)

/**
 * Refuses a page that is not the one asked for, so that the right one is requested again. It is the page before, or one
 * with records from outside of the range; only times with an offset are sure enough to tell.
 * @throws {SourceError} `unavailable`
 */
export function refuseWrongPage(page: DecodedPage, stream: Stream, previous: string, bounds: Window | null): void {
  if (stream.pagination !== 'pages') return
  const stray = bounds === null || !page.zoned ? undefined : strayIn(page, bounds)
  const why =
    stray !== undefined
      ? `a record changed at ${stray} came for a range from ${bounds?.since} to ${bounds?.until}`
      : isSame(page, previous)
        ? 'the page before came again'
        : null
  if (why !== null)
    throw new SourceError('unavailable', `${stream.path}: ${why}`, {
      next: 'The API serves other pages than were asked for. Run again, and if it stays, please report it.',
    })
}

/** Nearly always decided by the first record. */
const isSame = (page: DecodedPage, previous: string): boolean =>
  previous !== '' &&
  previous.startsWith(signatureOf(page.keys[0] ?? '', page.cursors[0] ?? null)) &&
  signature(page) === previous

/** The cursor of a record that lies outside of the bounds. */
function strayIn({ cursors }: DecodedPage, { since, until }: Window): string | undefined {
  const first = since === null ? null : minus(since, ZONE_UNCERTAINTY)
  const last = until === null ? null : minus(until, -ZONE_UNCERTAINTY)
  return (
    cursors.find(at => at !== null && ((first !== null && at < first) || (last !== null && at > last))) ?? undefined
  )
}
