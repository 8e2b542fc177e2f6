import { parseExact } from '../../common/exact-json.ts'
import type { Columns } from '../../schema/column.ts'
import type { Stream } from '../../schema/stream.ts'
import { type ExtraPaths, extraFieldsOf, type ListExtra } from '../extra-fields.ts'
import type { RecordPlan, RowPlan } from '../plan.ts'
import { redaction } from '../redact.ts'
import { bare, type JsonObject } from '../type-mismatch.ts'
import { ABSENT, ESCAPED, type FieldIndex, ROWS, TEXT } from './field-index.ts'
import type { LayoutCell, RecordLayout, RowLayout } from './layout.ts'

/** The extra fields of the record that was indexed last. */
export type ReadExtra = (fields: FieldIndex, paths: ExtraPaths) => unknown

/** Makes a reader that parses only the members that are not declared, and the protected values that these may repeat. */
export function extraReader(stream: Stream, plan: RecordPlan, layout: RecordLayout): ReadExtra {
  const redact = redaction(stream)
  // An unknown member may repeat a protected value, which is then removed from it.
  const secrets = protectedCells(stream.columns, layout)
  const secretLists = Object.values(stream.children).flatMap(({ columns }, i) => {
    const [list, { field, row } = {}] = [plan.lists[i], layout.lists[i]]
    const cells = row === undefined ? [] : protectedCells(columns, row)
    return list && row && field !== undefined && cells.length > 0 ? [{ list, field, row, cells }] : []
  })
  return (fields, paths) => {
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
    if (redact === null) return extra
    readCells(fields, 0, secrets, record)
    for (const { list, field, row, cells } of secretLists) {
      if (fields.kind(field) !== ROWS) continue
      record(list.objectId)[list.name] = Array.from({ length: fields.end(field) }, (_, index) => {
        const element = objectsIn(list.row)
        readCells(fields, fields.start(field) + index * row.fieldCount, cells, element)
        return element(0)
      })
    }
    return redact.of(record(0), extra)
  }
}

/** The cells of a row whose values are not stored in clear. */
const protectedCells = (columns: Columns, { cells }: RowLayout): LayoutCell[] =>
  Object.values(columns).flatMap(({ policy, derived }, i) => {
    const cell = cells[i]
    return cell !== undefined && policy !== 'keep' && !derived ? [cell] : []
  })

/** Parses the values of cells into the objects of their row. @param base index of the row's first field. */
function readCells(fields: FieldIndex, base: number, cells: readonly LayoutCell[], objects: Objects): void {
  for (const { field, objectId, name } of cells)
    if (fields.kind(base + field) !== ABSENT) objects(objectId)[name] = valueAt(fields, base + field)
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
