import { stream } from '../../src/declare/define.ts'
import type { Stream } from '../../src/declare/stream.ts'
import { fromMillis, toMillis } from '../../src/instant.ts'
import type { Instant, Page, Window } from '../../src/model.ts'
import { parcels } from './samples.ts'

/** The sample stream, read in an order that says nothing about time. */
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
  /** Shows only `after` seconds later, under the time at which it was written. */
  | { readonly kind: 'late'; readonly after: number }
  | { readonly kind: 'tick'; readonly seconds: number }
  | { readonly kind: 'crash' }

interface Thing {
  readonly id: number
  version: number
  updatedAt: number
  visibleAt: number
}

/** A model of an API that is edited while it is walked: seconds as time, keyset pages of a few records. */
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

  /** One page after another, each as the API stands at that moment; `between` runs after each. */
  *walk(of: Stream, window: Window, between: () => void): Generator<Page> {
    const sorted = of.sync.mode === 'incremental' && of.sync.sorted
    const order = (t: Thing): readonly [number, number] => (sorted ? [t.updatedAt, t.id] : [t.id, 0])
    const since = window.since === null ? -1 : toSecond(window.since)
    const until = window.until === null ? Number.POSITIVE_INFINITY : toSecond(window.until)
    let position: readonly [number, number] = [-1, -1]
    for (;;) {
      const rest = this.visible()
        .filter(t => t.updatedAt >= since && t.updatedAt <= until && isAfter(order(t), position))
        .sort((a, b) => (isAfter(order(a), order(b)) ? 1 : -1))
      const page = rest.slice(0, this.#pageSize)
      const end = page.at(-1)
      if (end) position = order(end)
      const last = rest.length <= this.#pageSize
      yield {
        records: page.map(t => ({ id: t.id, updated_at: second(t.updatedAt), label: String(t.version) })),
        receivedAt: this.clock(),
        last,
      }
      if (last) return
      between()
    }
  }
}

const EPOCH = Date.UTC(2026, 0, 1)
const second = (n: number): Instant => fromMillis(EPOCH + n * 1000)
export const toSecond = (instant: Instant): number => Math.floor((toMillis(instant) - EPOCH) / 1000)
const isAfter = (a: readonly [number, number], b: readonly [number, number]): boolean =>
  a[0] > b[0] || (a[0] === b[0] && a[1] > b[1])
