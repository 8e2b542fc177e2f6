import type { Instant } from '../common/instant.ts'
import type { LearntColumn } from '../schema/inferred-columns.ts'
import type { Stream } from '../schema/stream.ts'

/** A row that has something in `_extra`. */
export interface ExtraRow {
  /** Parts of its key, as text. */
  readonly key: readonly string[]
  readonly hash: string
  /** JSON. */
  readonly extra: string
}

/** Cells by column, each as `cells.ts` has them. */
export type Cells = ReadonlyMap<string, Buffer>

/** What a row takes out of its `_extra`. */
export interface Filled {
  readonly row: ExtraRow
  readonly cells: Cells
  /** By list, by place in it. */
  readonly lists: ReadonlyMap<string, ReadonlyMap<number, Cells>>
  /** What remains, as JSON. */
  readonly extra: string | null
}

/** What a destination keeps in `_extra`, and how it gets out of there. */
export interface Extras {
  /** Rows with something in it, some at a time, by key. */
  extras(stream: Stream, after: readonly string[] | null): Promise<readonly ExtraRow[]>
  /** Gives rows what was found in theirs, all of them or none; a row written since it was read is left alone. */
  fill(stream: Stream, filled: readonly Filled[], at: Instant): Promise<void>
  /** The columns that were made for a stream's undeclared fields. */
  learnt(stream: string): Promise<readonly LearntColumn[]>
  /** Notes columns that are about to be made. */
  learn(stream: string, columns: readonly LearntColumn[], run: string, at: Instant): Promise<void>
}
