import type { ColumnKind, Columns } from '../schema/column.ts'
import type { Stream } from '../schema/stream.ts'
import { Unreadable } from './coerce.ts'
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
  /** Something else in its place is no reason to reject the record. */
  readonly lenient: boolean
}

/** A cell of the row: what is written, and from where. */
export interface CellPlan {
  /** The object it is a member of, by its number. */
  readonly place: number
  readonly name: string
  readonly path: string
  readonly required: boolean
  readonly encode: Encode
  /** Of a column that stores its values as they are; null: `encode` makes something else of them. */
  readonly kind: ColumnKind | null
}

/** How an object becomes a row: its cells in the order of the table's columns. */
export interface RowPlan {
  readonly places: readonly Place[]
  readonly cells: readonly CellPlan[]
  /** Members that did not fit in the object read last, by place and name; null: one that does not fit rejects the record. */
  readonly unfit: Set<string> | null
}

/** How a member is named in `unfit`. */
export const memberKey = (place: number, name: string): string => `${place} ${name}`

/** A list inside a record, whose elements become rows. */
export interface ListPlan {
  readonly place: number
  readonly name: string
  readonly path: string
  /** Where in the record. */
  readonly steps: readonly string[]
  readonly row: RowPlan
  /** Something else in its place, or in that of an element, is no reason to reject the record. */
  readonly lenient: boolean
}

export interface RecordPlan extends RowPlan {
  /** In the order of the stream's children. */
  readonly lists: readonly ListPlan[]
}

/** Worked out once from a stream's declaration. */
export function planOf(stream: Stream): RecordPlan {
  const root = rowPlan(stream.columns, '', stream)
  const lists = Object.values(stream.children).map(({ from, columns }): ListPlan => {
    const lenient = stream.onMismatch === 'null'
    const { place, name } = placed(root.places, from, '', lenient)
    return { place, name, path: from, steps: from.split('.'), row: rowPlan(columns, `${from}[].`, stream), lenient }
  })
  return { ...root, lists }
}

function rowPlan(
  columns: Columns,
  prefix: string,
  { seal, onMismatch }: Stream,
): RowPlan & { readonly places: Place[] } {
  const lenient = onMismatch === 'null'
  const unfit = lenient || Object.values(columns).some(({ learnt }) => learnt) ? new Set<string>() : null
  const places: Place[] = [{ parent: -1, name: '', path: prefix.replace(/\.$/, ''), known: new Set(), lenient: false }]
  const cells = Object.entries(columns).map(([column, declared]): CellPlan => {
    const from = declared.from ?? column
    const { place, name } = placed(places, from, prefix, lenient)
    const strict = encoder(declared, seal)
    const must = declared.required || !(lenient || declared.learnt)
    const encode = unfit === null || must ? strict : tolerant(strict, unfit, memberKey(place, name))
    const kind = declared.policy === 'keep' && !declared.derived ? declared.kind : null
    return { place, name, path: prefix + from, required: declared.required, encode, kind }
  })
  return { places, cells, unfit }
}

/** Null in place of a value that does not fit, and a note of it. */
function tolerant(encode: Encode, unfit: Set<string>, key: string): Encode {
  return (to, value, cleaning) => {
    const start = to.at
    try {
      encode(to, value, cleaning)
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error
      unfit.add(key)
      to.at = start
      to.null()
    }
  }
}

/** The object that the path's last member lies in, which is added with those above it where it is new. */
function placed(
  places: Place[],
  path: string,
  prefix: string,
  lenient: boolean,
): { readonly place: number; readonly name: string } {
  const parts = path.split('.')
  const last = parts.pop() ?? ''
  let place = 0
  for (const [i, name] of parts.entries()) {
    const at = places.findIndex(known => known.parent === place && known.name === name)
    places[place]?.known.add(name)
    if (at === -1)
      places.push({ parent: place, name, path: prefix + parts.slice(0, i + 1).join('.'), known: new Set(), lenient })
    place = at === -1 ? places.length - 1 : at
  }
  places[place]?.known.add(last)
  return { place, name: last }
}
