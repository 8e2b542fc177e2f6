import { parseExact } from '../../common/exact-json.ts'
import type { Stream } from '../../schema/stream.ts'
import { type ExtraPaths, extraFieldsOf, type ListExtra } from '../extra-fields.ts'
import type { RecordPlan, RowPlan } from '../plan.ts'
import { redaction } from '../redact.ts'
import { bare, type JsonObject } from '../type-mismatch.ts'
import { ABSENT, ESCAPED, type FieldIndex, ROWS, TEXT } from './field-index.ts'
import type { RecordLayout } from './layout.ts'

/** The extra fields of the record that was indexed last; null: the record has to be parsed. */
export type ReadExtra = (fields: FieldIndex, paths: ExtraPaths) => unknown

/** Makes a reader that parses only the members that are not declared, and the protected values that these may repeat. */
export function extraReader(stream: Stream, plan: RecordPlan, layout: RecordLayout): ReadExtra {
  const redact = redaction(stream)
  const isProtected = (policy: string, derived: boolean): boolean => policy !== 'keep' && !derived
  // An unknown member may repeat a protected value, which is then removed from it.
  const secrets = Object.values(stream.columns).flatMap(({ policy, derived }, i) => {
    const cell = layout.cells[i]
    return cell !== undefined && isProtected(policy, derived) ? [cell] : []
  })
  const secretLists = Object.values(stream.children).flatMap(({ columns }, i) => {
    const list = layout.lists[i]
    const hasSecret = Object.values(columns).some(({ policy, derived }) => isProtected(policy, derived))
    return list !== undefined && hasSecret ? [list.field] : []
  })
  return (fields, paths) => {
    // The secrets of a list are looked for in the parsed record. Most records have no such rows.
    if (secretLists.some(field => fields.kind(field) === ROWS && fields.end(field) > 0)) return null
    const rows = new Map<number, Objects>()
    const objectsOfRow = (base: number, row: RowPlan): Objects => {
      const known = rows.get(base) ?? objectsIn(row)
      rows.set(base, known)
      return known
    }
    const record = objectsOfRow(0, plan)
    const extras: ListExtra[] = []
    for (const { base, objectId, name, start, end } of fields.unknown) {
      const row = plan.lists[listOf(fields, layout, base)]?.row ?? plan
      // Of two members with one name, the last counts.
      objectsOfRow(base, row)(objectId)[name] = parseExact(fields.json.bytes.toString('utf8', start, end))
    }
    for (const [i, { objectId, name, row }] of plan.lists.entries()) {
      const extra = bare()
      for (const [base, objects] of rows) {
        if (listOf(fields, layout, base) !== i) continue
        const list = layout.lists[i]
        const index = list === undefined ? 0 : (base - fields.start(list.field)) / list.row.fieldCount
        extra[String(index)] = extraFieldsOf(row, objects(0), [], paths)
      }
      if (Object.keys(extra).length === 0) continue
      extras.push({ objectId, name, extra })
      // The object that contains the list may have no other unknown member, and would not exist yet.
      record(objectId)
    }
    const extra = extraFieldsOf(plan, record(0), extras, paths)
    for (const { field, objectId, name } of secrets)
      if (fields.kind(field) !== ABSENT) record(objectId)[name] = valueAt(fields, field)
    return redact === null ? extra : redact.of(record(0), extra)
  }
}

/** Number of the list that a row belongs to; -1: it is the record's own row. */
function listOf(fields: FieldIndex, { lists }: RecordLayout, base: number): number {
  if (base === 0) return -1
  return lists.findIndex(({ field, row }) => {
    const first = fields.start(field)
    return fields.kind(field) === ROWS && base >= first && base < first + fields.end(field) * row.fieldCount
  })
}

/** An object of a row by its id. It is created on the first call, inside the objects that contain it. */
type Objects = (objectId: number) => JsonObject

function objectsIn({ objects }: RowPlan): Objects {
  const made: JsonObject[] = []
  const objectAt = (objectId: number): JsonObject => {
    const known = made[objectId]
    if (known !== undefined) return known
    const object = bare()
    made[objectId] = object
    const { parent = -1, name = '' } = objects[objectId] ?? {}
    if (parent >= 0) objectAt(parent)[name] = object
    return object
  }
  return objectAt
}

function valueAt(fields: FieldIndex, field: number): unknown {
  const kind = fields.kind(field)
  const quotes = kind === TEXT || kind === ESCAPED ? 1 : 0
  return parseExact(fields.json.bytes.toString('utf8', fields.start(field) - quotes, fields.end(field) + quotes))
}
