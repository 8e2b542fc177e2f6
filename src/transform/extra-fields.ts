import { memberKey, type RowPlan } from './plan.ts'
import { bare, isObject, type JsonObject } from './type-mismatch.ts'

/** What the elements of a list have that is not declared. */
export interface ListExtra {
  readonly objectId: number
  readonly name: string
  readonly extra: JsonObject
}

/** Paths that have a value which no column took. */
export interface ExtraPaths {
  /** Nothing is declared for them. */
  readonly unknown: Set<string>
  /** It does not fit what is declared. */
  readonly mismatched: Set<string>
}

/**
 * The members that nothing is declared for or that do not fit what is, each where the record has it, by name: a record
 * whose members come in another order is the same record.
 * @param paths takes the path of each that has a value.
 */
export function extraFieldsOf(
  { objects, mismatches }: RowPlan,
  element: JsonObject,
  lists: readonly ListExtra[],
  paths: ExtraPaths,
): JsonObject | null {
  const of = (object: unknown, at: number): JsonObject | null => {
    const objectId = objects[at]
    if (!isObject(object) || !objectId) return null
    const found: [name: string, value: unknown][] = []
    for (const [name, value] of Object.entries(object)) {
      const declared = objectId.known.has(name)
      if (declared && !mismatches?.has(memberKey(at, name))) continue
      found.push([name, value])
      if (value !== null)
        paths[declared ? 'mismatched' : 'unknown'].add(objectId.path === '' ? name : `${objectId.path}.${name}`)
    }
    for (const [inside, { parent, name }] of objects.entries()) {
      const extra = parent === at ? of(object[name], inside) : null
      if (extra !== null) found.push([name, extra])
    }
    for (const { objectId: holder, name, extra } of lists) if (holder === at) found.push([name, extra])
    return found.length === 0 ? null : inOrder(found)
  }
  return of(element, 0)
}

function inOrder(members: [name: string, value: unknown][]): JsonObject {
  const object = bare()
  for (const [name, value] of members.sort(([a], [b]) => (a < b ? -1 : 1))) object[name] = value
  return object
}
