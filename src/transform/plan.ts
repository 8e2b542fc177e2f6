import type { Columns } from '../declare/column.ts'
import type { Seal } from '../declare/seal.ts'
import type { Stream } from '../declare/stream.ts'
import { type Encode, encoder } from './encode.ts'

/** What an object of a record holds, by the names of its members. */
export interface Place {
  /** The object that holds this one, by its number; -1: the record, or the element of a list, itself. */
  readonly parent: number
  readonly name: string
  /** Dotted, as in `line_items[].images`. */
  readonly path: string
  /** Every member that something is declared for. */
  readonly known: Set<string>
}

/** A cell of the row: what is written, and from where. */
export interface CellPlan {
  /** The object it is a member of, by its number. */
  readonly place: number
  readonly name: string
  readonly path: string
  readonly required: boolean
  readonly encode: Encode
}

/** How an object becomes a row: its cells in the order of the table's columns. */
export interface RowPlan {
  readonly places: readonly Place[]
  readonly cells: readonly CellPlan[]
}

/** A list inside a record, whose elements become rows. */
export interface ListPlan {
  readonly place: number
  readonly name: string
  readonly path: string
  /** Where in the record. */
  readonly steps: readonly string[]
  readonly row: RowPlan
}

export interface RecordPlan extends RowPlan {
  /** In the order of the stream's children. */
  readonly lists: readonly ListPlan[]
}

/** Worked out once from a stream's declaration. */
export function planOf(stream: Stream): RecordPlan {
  const root = rowPlan(stream.columns, '', stream.seal)
  const lists = Object.values(stream.children).map(({ from, columns }): ListPlan => {
    const { place, name } = placed(root.places, from, '')
    return { place, name, path: from, steps: from.split('.'), row: rowPlan(columns, `${from}[].`, stream.seal) }
  })
  return { ...root, lists }
}

function rowPlan(columns: Columns, prefix: string, seal: Seal | null): RowPlan & { readonly places: Place[] } {
  const places: Place[] = [{ parent: -1, name: '', path: prefix.replace(/\.$/, ''), known: new Set() }]
  const cells = Object.entries(columns).map(([column, declared]): CellPlan => {
    const from = declared.from ?? column
    const { place, name } = placed(places, from, prefix)
    return { place, name, path: prefix + from, required: declared.required, encode: encoder(declared, seal) }
  })
  return { places, cells }
}

/** The object that the path's last member lies in, which is added with those above it where it is new. */
function placed(places: Place[], path: string, prefix: string): { place: number; name: string } {
  const parts = path.split('.')
  const last = parts.pop() ?? ''
  let place = 0
  for (const [i, name] of parts.entries()) {
    const at = places.findIndex(known => known.parent === place && known.name === name)
    places[place]?.known.add(name)
    if (at === -1)
      places.push({ parent: place, name, path: prefix + parts.slice(0, i + 1).join('.'), known: new Set() })
    place = at === -1 ? places.length - 1 : at
  }
  places[place]?.known.add(last)
  return { place, name: last }
}
