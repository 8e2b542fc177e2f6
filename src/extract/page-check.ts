import { SourceError } from '../common/errors.ts'
import { minus, ZONE_UNCERTAINTY } from '../common/instant.ts'
import type { DecodedPage, Window } from '../common/model.ts'
import type { Stream } from '../schema/stream.ts'

/** Identifies a page by the keys and cursors of its records, in order; empty for an empty page. */
export const signature = ({ keys, cursors }: DecodedPage): string =>
  keys.map((key, i) => signatureOf(key, cursors[i] ?? null)).join(';')

const signatureOf = (key: string, cursor: string | null): string => (cursor === null ? key : `${key},${cursor}`)

/** The signature of the page's first record; empty for an empty page. */
export const firstSignature = ({ keys, cursors }: Pick<DecodedPage, 'keys' | 'cursors'>): string =>
  keys.length === 0 ? '' : signatureOf(keys[0] ?? '', cursors[0] ?? null)

/** The signature of the page's last record; empty for an empty page. */
export const lastSignature = ({ keys, cursors }: DecodedPage): string =>
  keys.length === 0 ? '' : signatureOf(keys.at(-1) ?? '', cursors.at(-1) ?? null)

/** Where the record with this signature stands on the page; -1: nowhere. */
export const placeOf = ({ keys, cursors }: DecodedPage, wanted: string): number =>
  keys.findIndex((key, i) => signatureOf(key, cursors[i] ?? null) === wanted)

/** Whether the page has the record with this signature. */
export const hasRecord = (page: DecodedPage, wanted: string): boolean => placeOf(page, wanted) >= 0

/** Pages of which the lists of a scan remember that they have shown them: a stream with a list for each customer has many. */
const MOST_SEEN = 10_000

/** What the other lists of a scan have shown. No two of them have a record in common. */
export interface OtherLists {
  /** Whether another list has shown the page. */
  has(page: DecodedPage): boolean
  /** Takes note that this list has shown the page. */
  add(page: DecodedPage): void
}

/** Remembers which list has shown which page, by the first record. @returns makes the view of one list. */
export function createSeenPages(): (list: string) => OtherLists {
  const lists = new Map<string, string>()
  return list => ({
    has: page => page.keys.length > 0 && (lists.get(firstSignature(page)) ?? list) !== list,
    add: page => {
      if (page.keys.length === 0) return
      if (lists.size > MOST_SEEN) lists.clear()
      lists.set(firstSignature(page), list)
    },
  })
}

/**
 * Detects a response for the wrong page, so that the right one is requested again: the previous page once more, a page of
 * another list, or a page with a record from outside of the range. Cursors without a UTC offset are too uncertain for the
 * last check.
 * @param previous signature of the previous page.
 * @param others the other lists of the scan; undefined: it is the only one.
 * @throws {SourceError} `unavailable`
 */
export function refuseWrongPage(
  page: DecodedPage,
  stream: Stream,
  previous: string,
  bounds: Window | null,
  others: OtherLists | undefined,
): void {
  if (stream.pagination !== 'pages') return
  const stray = bounds === null || !page.zoned ? undefined : strayIn(page, bounds)
  const why =
    stray !== undefined
      ? `the API returned a record changed at ${stray} for the range from ${bounds?.since} to ${bounds?.until}`
      : isSame(page, previous)
        ? 'the API returned the previous page again'
        : others?.has(page)
          ? 'the API returned a page of another list again'
          : null
  if (why !== null)
    throw new SourceError('unavailable', `${stream.path}: ${why}`, {
      next: 'The API returns other pages than requested. Run again; if this persists, please report it.',
    })
}

/** The first record nearly always decides, so the whole signature is rarely built. */
const isSame = (page: DecodedPage, previous: string): boolean =>
  previous !== '' &&
  previous.startsWith(signatureOf(page.keys[0] ?? '', page.cursors[0] ?? null)) &&
  signature(page) === previous

/** The cursor of a record outside of the bounds. */
function strayIn({ cursors }: DecodedPage, { since, until }: Window): string | undefined {
  const first = since === null ? null : minus(since, ZONE_UNCERTAINTY)
  const last = until === null ? null : minus(until, -ZONE_UNCERTAINTY)
  return (
    cursors.find(at => at !== null && ((first !== null && at < first) || (last !== null && at > last))) ?? undefined
  )
}
