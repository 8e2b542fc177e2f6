import { parseExact } from '../../common/exact-json.ts'
import type { Stream } from '../../schema/stream.ts'
import { type ExtraPaths, extraFieldsOf, type ListExtra } from '../extra-fields.ts'
import type { RecordPlan, RowPlan } from '../plan.ts'
import { redaction } from '../redact.ts'
import { bare, type JsonObject } from '../type-mismatch.ts'
import { ABSENT, ESCAPED, type FieldIndex, ROWS, TEXT } from './field-index.ts'
import type { RecordLayout } from './layout.ts'

/** What no column takes of the record that was read last; null: it has to be an object first. */
export type ExtraOf = (fields: FieldIndex, paths: ExtraPaths) => unknown

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
  return (fields, paths) => {
    if (secretRows) return null
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
      // Of two of one name the last counts.
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
      // What holds the list may hold nothing else that is undeclared.
      record(objectId)
    }
    const extra = extraFieldsOf(plan, record(0), extras, paths)
    for (const { field, objectId, name } of secrets)
      if (fields.kind(field) !== ABSENT) record(objectId)[name] = valueAt(fields, field)
    return redact === null ? extra : redact.of(record(0), extra)
  }
}

/** The list that a row belongs to; -1: it is the record's own. */
function listOf(fields: FieldIndex, { lists }: RecordLayout, base: number): number {
  if (base === 0) return -1
  return lists.findIndex(({ field, row }) => {
    const first = fields.start(field)
    return fields.kind(field) === ROWS && base >= first && base < first + fields.end(field) * row.fieldCount
  })
}

/** An object of a row by its number, inside those that hold it; made when it is first asked for. */
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
