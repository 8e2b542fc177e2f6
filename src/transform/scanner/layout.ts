import type { CellPlan, MemberPlan, RecordPlan, RowPlan } from '../plan.ts'

/** A declared member. */
export class Member {
  /** Length of `"name":` in bytes. */
  readonly length: number
  /** `"name":` as 32-bit words, the last of which are its last four bytes. To compare words takes a third of the time. */
  readonly words: Int32Array
  /** Its field, counted from the first field of the row. */
  readonly field: number
  /** If members of it are declared: the object that it is. */
  object: ObjectLayout | null = null
  /** If it is a list: the rows that its elements become. */
  list: RowLayout | null = null
  /** The member that followed it last time. The API writes the members of all records of a stream in the same order. */
  next: Member | null = null

  constructor(name: string, field: number) {
    const text = Buffer.from(`${JSON.stringify(name)}:`)
    const { length } = text
    this.length = length
    this.words = Int32Array.from({ length: Math.ceil(length / 4) }, (_, i) =>
      text.readInt32LE(Math.min(4 * i, length - 4)),
    )
    this.field = field
  }
}

/** An object with its declared members. */
export class ObjectLayout {
  /** Its id in the plan of the row. */
  readonly objectId: number
  readonly members = new Map<string, Member>()
  /** The member that came first last time. */
  first: Member | null = null

  constructor(objectId: number) {
    this.objectId = objectId
  }
}

/** A cell, and the field of the row that it is written from. */
export interface LayoutCell extends CellPlan {
  readonly field: number
}

export interface OtherNames {
  readonly field: number
  readonly also: readonly number[]
}

export interface RowLayout {
  readonly object: ObjectLayout
  /** Number of fields of a row. */
  readonly fieldCount: number
  readonly cells: readonly LayoutCell[]
  /** The fields of columns that have several names: that of the column's own name, and those of its other names. */
  readonly otherNames: readonly OtherNames[]
  /** The member that an element of the list stands for if it is not an object; null: it is always an object. */
  readonly element: Member | null
}

export interface RecordLayout extends RowLayout {
  /** The lists, in the order of the stream's children. */
  readonly lists: readonly { readonly field: number; readonly row: RowLayout }[]
}

/** The layout that follows from a plan. No declared path occurs twice or lies inside another, so a member is a value, an object or a list. */
export function layoutOf(plan: RecordPlan): RecordLayout {
  const { members, ...row } = rowLayout(plan)
  const lists: RecordLayout['lists'][number][] = []
  for (const { objectId, name, row: inner, element } of plan.lists) {
    const member = members(objectId, name)
    const { members: inList, ...rest } = rowLayout(inner)
    const list = { ...rest, element: element === null ? null : inList(0, element) }
    member.list = list
    lists.push({ field: member.field, row: list })
  }
  return { ...row, lists }
}

function rowLayout(plan: RowPlan): RowLayout & { members: (objectId: number, name: string) => Member } {
  const objects = plan.objects.map((_, i) => new ObjectLayout(i))
  let fieldCount = 0
  for (const [i, { known }] of plan.objects.entries())
    for (const name of known) objects[i]?.members.set(name, new Member(name, fieldCount++))
  const members = (objectId: number, name: string): Member => {
    const member = objects[objectId]?.members.get(name)
    if (member === undefined) throw new Error(`the plan has no member ${name}`)
    return member
  }
  for (const [i, { parent, name }] of plan.objects.entries()) {
    const layout = objects[i]
    if (i > 0 && layout) members(parent, name).object = layout
  }
  const fieldOf = ({ objectId, name }: MemberPlan): number => members(objectId, name).field
  const cells = plan.cells.map(cell => ({ ...cell, field: fieldOf(cell) }))
  // Derived columns have the field of another column.
  const several = new Map(cells.flatMap(({ field, also }) => (also.length === 0 ? [] : [[field, also] as const])))
  const otherNames = [...several].map(([field, also]): OtherNames => ({ field, also: also.map(fieldOf) }))
  const object = objects[0] ?? new ObjectLayout(0)
  return { object, fieldCount, cells, otherNames, element: null, members }
}
