import type { ColumnKind, Columns } from '../schema/column.ts'
import type { Stream } from '../schema/stream.ts'
import { type Encode, encoder } from './encode.ts'
import { TypeMismatch } from './type-mismatch.ts'

/** An object of a record. Its id is its index in `RowPlan.objects`. */
export interface ObjectPlan {
  /** Id of the object that contains this one; -1: this is the record, or the element of a list, itself. */
  readonly parent: number
  readonly name: string
  /** Dotted, as in `line_items[].images`. */
  readonly path: string
  /** Names of the declared members. */
  readonly known: Set<string>
  /** If the value is not an object, the record is loaded all the same. */
  readonly lenient: boolean
}

/** A member of an object, and how its value becomes a cell. */
export interface MemberPlan {
  /** The object that has the member. */
  readonly objectId: number
  readonly name: string
  readonly path: string
  readonly encode: Encode
}

/** A cell of the row, and the member that it is written from. */
export interface CellPlan extends MemberPlan {
  readonly required: boolean
  /** Members that may have the value under another name. The first of them with a value counts. */
  readonly also: readonly MemberPlan[]
  /** Kind of a column that stores its values unchanged; null: `encode` changes them. */
  readonly kind: ColumnKind | null
}

/** How an object becomes a row. The cells are in the order of the table's columns. */
export interface RowPlan {
  readonly objects: readonly ObjectPlan[]
  readonly cells: readonly CellPlan[]
  /**
   * Members of the object read last whose value is in no column, by `memberKey`: it did not fit, or the column took another
   * one from another name. Null: a value that does not fit rejects the record.
   */
  readonly mismatches: Set<string> | null
}

/** The name of a member in `mismatches`. */
export const memberKey = (objectId: number, name: string): string => `${objectId} ${name}`

/** A list inside a record, whose elements become rows. */
export interface ListPlan {
  readonly objectId: number
  readonly name: string
  readonly path: string
  /** The path, split. */
  readonly steps: readonly string[]
  readonly row: RowPlan
  /** The member that an element stands for if it is not an object; null: it is always an object. */
  readonly element: string | null
  /** If the value is not a list, or an element is not an object, the record is loaded all the same. */
  readonly lenient: boolean
}

export interface RecordPlan extends RowPlan {
  /** In the order of the stream's children. */
  readonly lists: readonly ListPlan[]
}

/** The plan that follows from a stream's declaration. @param lenient a value that does not fit costs its column only. */
export function planOf(stream: Stream, lenient = stream.onMismatch === 'null'): RecordPlan {
  const root = rowPlan(stream.columns, '', stream, lenient)
  for (const name of stream.objects) objectAt(root.objects, 0, name, name, lenient)
  const lists = Object.values(stream.children).map(({ from, columns, element }): ListPlan => {
    const { objectId, name } = resolvePath(root.objects, from, '', lenient)
    return {
      objectId,
      name,
      path: from,
      steps: from.split('.'),
      row: rowPlan(columns, `${from}[].`, stream, lenient),
      element: element === undefined ? null : (columns[element]?.from ?? element),
      lenient,
    }
  })
  return { ...root, lists }
}

function rowPlan(
  columns: Columns,
  prefix: string,
  { salt }: Stream,
  lenient: boolean,
): RowPlan & { readonly objects: ObjectPlan[] } {
  const mayKeep = lenient || Object.values(columns).some(({ inferred, also }) => inferred || also.length > 0)
  const mismatches = mayKeep ? new Set<string>() : null
  const objects: ObjectPlan[] = [
    { parent: -1, name: '', path: prefix.replace(/\.$/, ''), known: new Set(), lenient: false },
  ]
  const cells = Object.entries(columns).map(([column, declared]): CellPlan => {
    const strict = encoder(declared, salt)
    const must = declared.required || !(lenient || declared.inferred)
    const memberAt = (path: string): MemberPlan => {
      const { objectId, name } = resolvePath(objects, path, prefix, lenient)
      const encode = mismatches === null || must ? strict : tolerant(strict, mismatches, memberKey(objectId, name))
      return { objectId, name, path: prefix + path, encode }
    }
    const kind = declared.policy === 'keep' && !declared.derived ? declared.kind : null
    const member = memberAt(declared.from ?? column)
    return { ...member, also: declared.also.map(memberAt), required: declared.required, kind }
  })
  return { objects, cells, mismatches }
}

/** Writes null for a value that does not fit, and adds the member to `mismatches`. */
function tolerant(encode: Encode, mismatches: Set<string>, key: string): Encode {
  return (to, value, cleaning) => {
    const start = to.at
    try {
      encode(to, value, cleaning)
    } catch (error) {
      if (!(error instanceof TypeMismatch)) throw error
      mismatches.add(key)
      to.at = start
      to.null()
    }
  }
}

/** Resolves a path to its last member and the object that has it. Objects on the path that are new are added. */
function resolvePath(
  objects: ObjectPlan[],
  path: string,
  prefix: string,
  lenient: boolean,
): { readonly objectId: number; readonly name: string } {
  const parts = path.split('.')
  const last = parts.pop() ?? ''
  let objectId = 0
  for (const [i, name] of parts.entries())
    objectId = objectAt(objects, objectId, name, prefix + parts.slice(0, i + 1).join('.'), lenient)
  objects[objectId]?.known.add(last)
  return { objectId, name: last }
}

/** @returns the id of the object that is a member of another. It is added if it is new. */
function objectAt(objects: ObjectPlan[], parent: number, name: string, path: string, lenient: boolean): number {
  const at = objects.findIndex(known => known.parent === parent && known.name === name)
  objects[parent]?.known.add(name)
  return at === -1 ? objects.push({ parent, name, path, known: new Set(), lenient }) - 1 : at
}
