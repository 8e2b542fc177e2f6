import type { CellPlan, RecordPlan, RowPlan } from '../plan.ts'

/** A member that something is declared for. */
export class Member {
  /** Bytes of `"name":`. */
  readonly length: number
  /** The same, four bytes at a time, the last four once more: to compare these takes a third of the time. */
  readonly words: Int32Array
  /** Where, among the values of the row, its own is keysRecorded. */
  readonly field: number
  /** What it holds, where members of it are declared. */
  object: ObjectLayout | null = null
  /** What its elements become, where it is a list. */
  list: RowLayout | null = null
  /** It was followed by this one when it was last met: records of one stream are written in one order. */
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

/** An object, by the members that are declared. */
export class ObjectLayout {
  /** Its number among the objects of the row. */
  readonly objectId: number
  readonly members = new Map<string, Member>()
  /** It began with this one when it was last met. */
  first: Member | null = null

  constructor(objectId: number) {
    this.objectId = objectId
  }
}

/** A cell, and where the value is keysRecorded that it is of. */
export interface LayoutCell extends CellPlan {
  readonly field: number
}

export interface RowLayout {
  readonly object: ObjectLayout
  /** Values that are keysRecorded of one row. */
  readonly fieldCount: number
  readonly cells: readonly LayoutCell[]
  readonly plan: RowPlan
}

export interface RecordLayout extends RowLayout {
  /** Where each list is keysRecorded, in the order of the stream's children. */
  readonly lists: readonly { readonly field: number; readonly row: RowLayout }[]
}

/** A declaration reads no path twice, nor one inside of another, so a member is a value, an object or a list. */
export function layoutOf(plan: RecordPlan): RecordLayout {
  const { members, ...row } = rowLayout(plan)
  const lists: RecordLayout['lists'][number][] = []
  for (const { objectId, name, row: inner } of plan.lists) {
    const member = members(objectId, name)
    const { members: _, ...list } = rowLayout(inner)
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
    if (member === undefined) throw new Error(`${name} is not known to its own plan`)
    return member
  }
  for (const [i, { parent, name }] of plan.objects.entries()) {
    const layout = objects[i]
    if (i > 0 && layout) members(parent, name).object = layout
  }
  const cells = plan.cells.map(cell => ({ ...cell, field: members(cell.objectId, cell.name).field }))
  return { object: objects[0] ?? new ObjectLayout(0), fieldCount, cells, plan, members }
}
