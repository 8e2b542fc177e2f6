import { fromMillis } from '../../src/common/instant.ts'
import type { Checkpoint, Instant, RowBatch, RunId } from '../../src/common/model.ts'
import { day, flag, instant, int, json, money, rate, required, text } from '../../src/schema/column.ts'
import { child, stream } from '../../src/schema/define.ts'
import type { Stream } from '../../src/schema/stream.ts'
import { schemaHashOf } from '../../src/schema/table.ts'
import { type RawPage, toBatch } from './page.ts'

const about = {
  name: 'parcels',
  singular: 'parcel',
  doc: 'A stream for tests.',
  path: '/parcels',
  list: 'parcels',
  sort: 'updated_at-asc',
  scopes: [],
  key: 'id',
  sync: { mode: 'incremental', cursor: 'updated_at', since: 'updated_at_min', until: 'updated_at_max', sorted: true },
} as const
const columns = {
  id: required(int('Key.')),
  updated_at: instant('Cursor.'),
  label: text('Words.'),
  price: money('Amount.'),
  share: rate('Share.'),
  due: day('Day.'),
  sent: flag('Flag.'),
  raw: json('Anything.'),
} as const
const children = {
  items: child({ doc: 'What is inside.', from: 'items', columns: { name: text('Name.'), units: int('Units.') } }),
} as const

/** A stream with a column of every kind and a list. */
export const parcels = stream({ ...about, columns, children })

/** The same stream with keys that are texts. */
export const parcelsNamed = stream({ ...about, columns: { ...columns, id: required(text('Key.')) }, children })

/** The same stream as a later version declares it, with one more column and one more list. */
export const parcelsGrown = stream({
  ...about,
  columns: { ...columns, weight: int('Grams.') },
  children: {
    ...children,
    stamps: child({ doc: 'What is stuck on.', from: 'stamps', columns: { value: money('Worth.') } }),
  },
})

const RUN = '01J00000000000000000000000' as RunId

export const at = (second: number): Instant => fromMillis(Date.UTC(2026, 0, 1) + second * 1000)

/** A record of `parcels`, changed in the given second of the year. */
export const parcel = (id: number, second: number, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  id,
  updated_at: at(second),
  label: `parcel ${id}`,
  ...more,
})

export function batchOf(of: Stream, records: readonly unknown[], last = true): RowBatch {
  const range = { id: 0, since: null, until: null }
  const page: RawPage = {
    records,
    receivedAt: at(1_000_000),
    range: 0,
    ranges: [range],
    resume: null,
    last,
    restarted: false,
  }
  return toBatch(of, [page])
}

/** The checkpoint after a commit on `from`, by the given run. */
export const moved = (from: Checkpoint, watermark: Instant | null = null, writer: RunId = RUN): Checkpoint => ({
  ...from,
  version: from.version + 1,
  watermark,
  writer,
  schemaHash: schemaHashOf(parcels),
})
