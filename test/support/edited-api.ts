import { fromMillis, toMillis } from '../../src/common/instant.ts'
import type { Instant, Range, Scan, Window } from '../../src/common/model.ts'
import { stream } from '../../src/schema/define.ts'
import type { Stream } from '../../src/schema/stream.ts'
import type { RawPage } from './page.ts'
import { parcels } from './samples.ts'

/** The sample stream, read in an order that is not that of time. */
export const unsorted: Stream = stream({
  name: 'parcels',
  singular: 'parcel',
  doc: 'A stream for tests.',
  path: '/parcels',
  list: 'parcels',
  scopes: [],
  key: 'id',
  sync: { mode: 'incremental', cursor: 'updated_at', since: 'updated_at_min', until: 'updated_at_max', sorted: false },
  columns: parcels.columns,
  children: parcels.children,
})

/** Something that happens between two pages. */
export type Edit =
  | { readonly kind: 'edit'; readonly which: number }
  | { readonly kind: 'insert' }
  /** Becomes visible `after` seconds after it was written, with the time at which it was written. */
  | { readonly kind: 'late'; readonly after: number }
  | { readonly kind: 'tick'; readonly seconds: number }
  | { readonly kind: 'crash' }

interface Thing {
  readonly id: number
  version: number
  updatedAt: number
  visibleAt: number
}

/** A model of an API whose records are edited during a scan. Time is in seconds; pages are keyset pages of a few records. */
export class EditedApi {
  now = 1_000
  readonly things: Thing[] = []
  readonly #pageSize: number

  constructor(pageSize: number) {
    this.#pageSize = pageSize
  }

  apply(edit: Edit): void {
    const thing = edit.kind === 'edit' ? this.things[edit.which % Math.max(1, this.things.length)] : undefined
    if (thing && thing.visibleAt <= this.now) {
      thing.version += 1
      thing.updatedAt = this.now
      thing.visibleAt = this.now
    }
    if (edit.kind === 'insert') this.#add(0)
    if (edit.kind === 'late') this.#add(edit.after)
    if (edit.kind === 'tick') this.now += edit.seconds
  }

  #add(after: number): void {
    const id = this.things.length + 1
    this.things.push({ id, version: 1, updatedAt: this.now, visibleAt: this.now + after })
  }

  visible(): readonly Thing[] {
    return this.things.filter(thing => thing.visibleAt <= this.now)
  }

  clock(): Instant {
    return second(this.now)
  }

  /**
   * One page of the current records within the filters.
   * @param stray the last record is edited between its choice and its serialisation.
   */
  page(of: Stream, { since, until }: Window, after: Position | null, stray: boolean): Slice {
    const sorted = of.sync.mode === 'incremental' && of.sync.sorted
    const order = (t: Thing): Position => (sorted ? [t.updatedAt, t.id] : [t.id, 0])
    const from = since === null ? -1 : toSecond(since)
    const to = until === null ? Number.POSITIVE_INFINITY : toSecond(until)
    const rest = this.visible()
      .filter(t => t.updatedAt >= from && t.updatedAt <= to && (after === null || isAfter(order(t), after)))
      .sort((a, b) => (isAfter(order(a), order(b)) ? 1 : -1))
    const page = rest.slice(0, this.#pageSize)
    const end = page.at(-1)
    const position = end ? order(end) : after
    // A page of one record is left out: a page that others follow has at least fifty records.
    if (stray && end && page.length > 1) {
      end.version += 1
      end.updatedAt = this.now
      end.visibleAt = this.now
    }
    return {
      records: page.map(t => ({ id: t.id, updated_at: second(t.updatedAt), label: String(t.version) })),
      highest: page.length === 0 ? null : second(Math.max(...page.map(t => t.updatedAt))),
      first: page[0] ? second(page[0].updatedAt) : null,
      position,
      last: rest.length <= this.#pageSize,
    }
  }
}

type Position = readonly [number, number]

interface Slice {
  readonly records: readonly unknown[]
  readonly first: Instant | null
  readonly highest: Instant | null
  readonly position: Position | null
  readonly last: boolean
}

interface ModelReader {
  range: Range
  /** Filters of the first request. A cursor keeps them, even if the range is divided later. */
  readonly asked: Window
  position: Position | null
  highest: Instant | null
}

/** Reads the ranges of a scan in parallel. The caller decides which one is read next and which one is divided. */
export class ModelReaders {
  readonly #api: EditedApi
  readonly #stream: Stream
  readonly #upperBound: Instant
  #readers: ModelReader[]
  #ranges: readonly Range[]
  #nextId: number
  /** Readers whose saved cursor was refused, and that have not given a page since. */
  readonly #restarted = new Set<ModelReader>()

  constructor(api: EditedApi, stream: Stream, scan: Scan, cursorsHold: boolean) {
    this.#api = api
    this.#stream = stream
    this.#upperBound = scan.upperBound
    const sorted = stream.sync.mode === 'incremental' && stream.sync.sorted
    this.#readers = scan.segments
      .filter(({ done }) => !done)
      .map(({ id, since, until, at, resume }) => ({
        range: { id, since, until },
        // Only in a sorted scan can reading go on from the last cursor value.
        asked: { since: sorted ? (at ?? since) : since, until },
        position: resume !== null && cursorsHold ? (JSON.parse(resume) as Position) : null,
        highest: sorted ? at : null,
      }))
    this.#ranges = this.#readers.map(({ range }) => range)
    if (!cursorsHold) for (const reader of this.#readers) this.#restarted.add(reader)
    this.#nextId = 1 + Math.max(...scan.segments.map(({ id }) => id))
  }

  get unfinished(): number {
    return this.#readers.length
  }

  /** Divides the rest of a reader's range in two, if that is possible. */
  cut(which: number): void {
    const sorted = this.#stream.sync.mode === 'incremental' && this.#stream.sync.sorted
    const reader = this.#readers[which % this.#readers.length]
    const from = reader?.highest ?? reader?.range.since
    if (!sorted || !reader || !from) return
    const until = toSecond(reader.range.until ?? this.#upperBound)
    const middle = second(Math.floor((toSecond(from) + until) / 2))
    if (middle <= from || toSecond(middle) >= until) return
    const range = { id: this.#nextId++, since: middle, until: reader.range.until }
    reader.range = { ...reader.range, until: middle }
    this.#readers.push({ range, asked: range, position: null, highest: null })
    this.#ranges = this.#readers.map(r => r.range)
  }

  read(which: number, stray: boolean): RawPage {
    const reader = this.#readers[which % this.#readers.length]
    if (!reader) throw new Error('nothing is left to read')
    const slice = this.#api.page(this.#stream, reader.asked, reader.position, stray)
    reader.position = slice.position
    if (slice.highest !== null && (reader.highest === null || slice.highest > reader.highest))
      reader.highest = slice.highest
    const { until } = reader.range
    const sorted = this.#stream.sync.mode === 'incremental' && this.#stream.sync.sorted
    const past = sorted && slice.first !== null && until !== null && slice.first > until
    const last = slice.last || past
    const page: RawPage = {
      records: slice.records,
      receivedAt: this.#api.clock(),
      range: reader.range.id,
      ranges: this.#ranges,
      resume: slice.last || slice.position === null ? null : JSON.stringify(slice.position),
      last,
      restarted: this.#restarted.delete(reader),
    }
    if (last) {
      this.#readers = this.#readers.filter(r => r !== reader)
      this.#ranges = this.#readers.map(r => r.range)
    }
    return page
  }
}

const EPOCH = Date.UTC(2026, 0, 1)
const second = (n: number): Instant => fromMillis(EPOCH + n * 1000)
export const toSecond = (instant: Instant): number => Math.floor((toMillis(instant) - EPOCH) / 1000)
const isAfter = (a: Position, b: Position): boolean => a[0] > b[0] || (a[0] === b[0] && a[1] > b[1])
