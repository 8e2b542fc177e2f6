import type { CellPlan, RecordPlan, RowPlan } from '../plan.ts'

/** A member that something is declared for. */
export class Member {
  /** Bytes of `"name":`. */
  readonly length: number
  /** The same, four bytes at a time, the last four once more: to compare these takes a third of the time. */
  readonly words: Int32Array
  /** Where, among the values of the row, its own is noted. */
  readonly slot: number
  /** What it holds, where members of it are declared. */
  object: ObjectLayout | null = null
  /** What its elements become, where it is a list. */
  list: RowLayout | null = null
  /** It was followed by this one when it was last met: records of one stream are written in one order. */
  next: Member | null = null

  constructor(name: string, slot: number) {
    const text = Buffer.from(`${JSON.stringify(name)}:`)
    const { length } = text
    this.length = length
    this.words = Int32Array.from({ length: Math.ceil(length / 4) }, (_, i) =>
      text.readInt32LE(Math.min(4 * i, length - 4)),
    )
    this.slot = slot
  }
}

/** An object, by the members that are declared. */
export class ObjectLayout {
  /** Its number among the objects of the row. */
  readonly place: number
  readonly members = new Map<string, Member>()
  /** It began with this one when it was last met. */
  first: Member | null = null

  constructor(place: number) {
    this.place = place
  }
}

/** A cell, and where the value is noted that it is of. */
export interface LayoutCell extends CellPlan {
  readonly slot: number
}

export interface RowLayout {
  readonly object: ObjectLayout
  /** Values that are noted of one row. */
  readonly slots: number
  readonly cells: readonly LayoutCell[]
  readonly plan: RowPlan
}

export interface RecordLayout extends RowLayout {
  /** Where each list is noted, in the order of the stream's children. */
  readonly lists: readonly { readonly slot: number; readonly row: RowLayout }[]
}

/** A declaration reads no path twice, nor one inside of another, so a member is a value, an object or a list. */
export function layoutOf(plan: RecordPlan): RecordLayout {
  const { members, ...row } = rowLayout(plan)
  const lists: RecordLayout['lists'][number][] = []
  for (const { place, name, row: inner } of plan.lists) {
    const member = members(place, name)
    const { members: _, ...list } = rowLayout(inner)
    member.list = list
    lists.push({ slot: member.slot, row: list })
  }
  return { ...row, lists }
}

function rowLayout(plan: RowPlan): RowLayout & { members: (place: number, name: string) => Member } {
  const objects = plan.places.map((_, i) => new ObjectLayout(i))
  let slots = 0
  for (const [i, { known }] of plan.places.entries())
    for (const name of known) objects[i]?.members.set(name, new Member(name, slots++))
  const members = (place: number, name: string): Member => {
    const member = objects[place]?.members.get(name)
    if (member === undefined) throw new Error(`${name} is not known to its own plan`)
    return member
  }
  for (const [i, { parent, name }] of plan.places.entries()) {
    const layout = objects[i]
    if (i > 0 && layout) members(parent, name).object = layout
  }
  const cells = plan.cells.map(cell => ({ ...cell, slot: members(cell.place, cell.name).slot }))
  return { object: objects[0] ?? new ObjectLayout(0), slots, cells, plan, members }
}
