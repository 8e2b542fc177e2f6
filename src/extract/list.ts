import type { DecodedPage, Instant, PageDecoder, RequestStats, Window } from '../common/model.ts'
import type { Stream } from '../schema/stream.ts'
import type { ApiClient } from './api-client.ts'
import type { NumberedPage } from './numbered-page.ts'
import type { OtherLists } from './page-check.ts'

/** One list: its path, and the parameters of its first request. */
export interface Sequence {
  readonly path: string
  /** Called when the first request is sent, not before: the range may have been split meanwhile. */
  readonly parameters: () => Readonly<Record<string, string>>
  /** The pointer of the last page of an earlier run; null: the first request. */
  readonly resume: string | null
  /** No record may lie outside of these bounds; null: there are none. */
  readonly bounds: Window | null
  /** Id of the parent record whose list this is; null: it has no parent. */
  readonly owner: string | null
  /** The other lists of the scan. Absent: it is the only one. */
  readonly others?: OtherLists
  /** The page of the list to begin with; null or absent: the first one. */
  readonly start?: NumberedPage | null
}

/** One page of a list. */
export interface ListPage {
  readonly decoded: DecodedPage
  readonly receivedAt: Instant
  readonly last: boolean
  /** Pointer to the next page, for `Sequence.resume`; null: only the first request leads there. */
  readonly resume: string | null
}

/** What every request of a scan needs. */
export interface ReadContext {
  readonly api: ApiClient
  readonly stream: Stream
  readonly decode: PageDecoder
  readonly requestStats: RequestStats
  readonly signal: AbortSignal
  /** Resolves when another page may be requested. Absent: at any time. */
  readonly ready?: (signal: AbortSignal) => Promise<void>
}
