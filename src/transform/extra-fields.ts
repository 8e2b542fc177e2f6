import { memberKey, type RowPlan } from './plan.ts'
import { bare, type JsonObject, objectIn } from './type-mismatch.ts'

/** The extra fields of the elements of a list. */
export interface ListExtra {
  readonly objectId: number
  readonly name: string
  readonly extra: JsonObject
}

/** Paths of a record's values that no column holds. */
export interface ExtraPaths {
  /** They are not declared. */
  readonly unknown: Set<string>
  /** The value does not fit its declaration. */
  readonly mismatched: Set<string>
}

/**
 * What goes into the column `_extra`. With `drift: evolve` unknown fields get columns (`pipeline/evolve.ts`), with
 * `drift: fail` they fail the stream (`pipeline/guard.ts`).
 *
 * The extra fields of a record or element: members that are not declared or whose value does not fit, inside the same
 * objects as in the record. They are sorted by name, so that the order in which the API sends them does not matter.
 * @param paths the path of each member that is not null is added.
 * @returns null: there are none.
 */
export function extraFieldsOf(
  { objects, mismatches }: RowPlan,
  element: JsonObject,
  lists: readonly ListExtra[],
  paths: ExtraPaths,
): JsonObject | null {
  const of = (object: JsonObject, at: number): JsonObject | null => {
    const plan = objects[at]
    if (!plan) return null
    const found: [name: string, value: unknown][] = []
    for (const [name, value] of Object.entries(object)) {
      const declared = plan.known.has(name)
      if (declared && !mismatches?.has(memberKey(at, name))) continue
      found.push([name, value])
      if (value !== null)
        paths[declared ? 'mismatched' : 'unknown'].add(plan.path === '' ? name : `${plan.path}.${name}`)
    }
    for (const [inside, { parent, name }] of objects.entries()) {
      const inner = parent === at ? objectIn(object[name]) : null
      const extra = inner === null ? null : of(inner, inside)
      if (extra !== null) found.push([name, extra])
    }
    for (const { objectId: holder, name, extra } of lists) if (holder === at) found.push([name, extra])
    return found.length === 0 ? null : sorted(found)
  }
  return of(element, 0)
}

function sorted(members: [name: string, value: unknown][]): JsonObject {
  const object = bare()
  for (const [name, value] of members.sort(([a], [b]) => (a < b ? -1 : 1))) object[name] = value
  return object
}
