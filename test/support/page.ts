import type { Instant, Page, PagePosition, RowBatch } from '../../src/common/model.ts'
import type { Stream } from '../../src/schema/stream.ts'
import { mergePages } from '../../src/transform/batch.ts'
import { decodeRecords } from '../../src/transform/decode-page.ts'

/** A page before it is decoded. */
export interface RawPage extends PagePosition {
  readonly records: readonly unknown[]
  readonly receivedAt: Instant
}

/** A page with these records. */
export const pageOf = (records: readonly unknown[]): RawPage => ({
  records,
  receivedAt: '2026-01-01T00:00:00.000000Z' as Instant,
  range: 0,
  ranges: [],
  resume: null,
  last: false,
  restarted: false,
})

export const decodedPage = (stream: Stream, { records, ...page }: RawPage): Page => ({
  ...page,
  decoded: decodeRecords(stream, records),
})

export const toBatch = (stream: Stream, [first, ...rest]: readonly [RawPage, ...RawPage[]]): RowBatch =>
  mergePages(stream, [decodedPage(stream, first), ...rest.map(page => decodedPage(stream, page))])
