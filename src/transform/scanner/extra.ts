import { parseExact } from '../../common/exact-json.ts'
import type { Stream } from '../../schema/stream.ts'
import type { RecordPlan, RowPlan } from '../plan.ts'
import { redaction } from '../redact.ts'
import { bare, type JsonObject } from '../type-mismatch.ts'
import { type Left, type ListExtra, undeclaredOf } from '../unknown-fields.ts'
import { ABSENT, ESCAPED, type Outline, ROWS, TEXT } from './field-index.ts'
import type { RecordLayout } from './layout.ts'

/** What no column takes of the record that was read last; null: it has to be an object first. */
export type ExtraOf = (outline: Outline, left: Left) => unknown

/** As little as it takes of a record is made an object: the members that are not declared, and what they may repeat. */
export function extraReader(stream: Stream, plan: RecordPlan, layout: RecordLayout): ExtraOf {
  const redact = redaction(stream)
  const isProtected = (policy: string, derived: boolean): boolean => policy !== 'keep' && !derived
  // Undeclared members may hold the value of a protected one, which is then taken out of them.
  const secrets = Object.values(stream.columns).flatMap(({ policy, derived }, i) => {
    const cell = layout.cells[i]
    return cell !== undefined && isProtected(policy, derived) ? [cell] : []
  })
  const secretRows = Object.values(stream.children).some(({ columns }) =>
    Object.values(columns).some(({ policy, derived }) => isProtected(policy, derived)),
  )
  return (outline, left) => {
    if (secretRows) return null
    const rows = new Map<number, Objects>()
    const objectsOf = (base: number, row: RowPlan): Objects => {
      const known = rows.get(base) ?? objects(row)
      rows.set(base, known)
      return known
    }
    const record = objectsOf(0, plan)
    const extras: ListExtra[] = []
    for (const { base, place, name, start, end } of outline.undeclared) {
      const row = plan.lists[listOf(outline, layout, base)]?.row ?? plan
      // Of two of one name the last counts.
      objectsOf(base, row)(place)[name] = parseExact(outline.json.bytes.toString('utf8', start, end))
    }
    for (const [i, { place, name, row }] of plan.lists.entries()) {
      const extra = bare()
      for (const [base, objects] of rows) {
        if (listOf(outline, layout, base) !== i) continue
        const list = layout.lists[i]
        const index = list === undefined ? 0 : (base - outline.start(list.slot)) / list.row.slots
        extra[String(index)] = undeclaredOf(row, objects(0), [], left)
      }
      if (Object.keys(extra).length === 0) continue
      extras.push({ place, name, extra })
      // What holds the list may hold nothing else that is undeclared.
      record(place)
    }
    const extra = undeclaredOf(plan, record(0), extras, left)
    for (const { slot, place, name } of secrets)
      if (outline.kind(slot) !== ABSENT) record(place)[name] = valueAt(outline, slot)
    return redact === null ? extra : redact.of(record(0), extra)
  }
}

/** The list that a row belongs to; -1: it is the record's own. */
function listOf(outline: Outline, { lists }: RecordLayout, base: number): number {
  if (base === 0) return -1
  return lists.findIndex(({ slot, row }) => {
    const first = outline.start(slot)
    return outline.kind(slot) === ROWS && base >= first && base < first + outline.end(slot) * row.slots
  })
}

/** An object of a row by its number, inside those that hold it; made when it is first asked for. */
type Objects = (place: number) => JsonObject

function objects({ places }: RowPlan): Objects {
  const made: JsonObject[] = []
  const objectAt = (place: number): JsonObject => {
    const known = made[place]
    if (known !== undefined) return known
    const object = bare()
    made[place] = object
    const { parent = -1, name = '' } = places[place] ?? {}
    if (parent >= 0) objectAt(parent)[name] = object
    return object
  }
  return objectAt
}

function valueAt(outline: Outline, slot: number): unknown {
  const kind = outline.kind(slot)
  const quotes = kind === TEXT || kind === ESCAPED ? 1 : 0
  return parseExact(outline.json.bytes.toString('utf8', outline.start(slot) - quotes, outline.end(slot) + quotes))
}
