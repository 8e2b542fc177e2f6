import { memberKey, type RowPlan } from './plan.ts'
import { bare, isObject, type JsonObject } from './type-mismatch.ts'

/** What the elements of a list have that is not declared. */
export interface ListExtra {
  readonly place: number
  readonly name: string
  readonly extra: JsonObject
}

/** Paths that have a value which no column took. */
export interface Left {
  /** Nothing is declared for them. */
  readonly undeclared: Set<string>
  /** It does not fit what is declared. */
  readonly mismatched: Set<string>
}

/**
 * The members that nothing is declared for or that do not fit what is, each where the record has it, by name: a record
 * whose members come in another order is the same record.
 * @param left takes the path of each that has a value.
 */
export function undeclaredOf(
  { places, unfit }: RowPlan,
  element: JsonObject,
  lists: readonly ListExtra[],
  left: Left,
): JsonObject | null {
  const of = (object: unknown, at: number): JsonObject | null => {
    const place = places[at]
    if (!isObject(object) || !place) return null
    const found: [name: string, value: unknown][] = []
    for (const [name, value] of Object.entries(object)) {
      const declared = place.known.has(name)
      if (declared && !unfit?.has(memberKey(at, name))) continue
      found.push([name, value])
      if (value !== null)
        left[declared ? 'mismatched' : 'undeclared'].add(place.path === '' ? name : `${place.path}.${name}`)
    }
    for (const [inside, { parent, name }] of places.entries()) {
      const extra = parent === at ? of(object[name], inside) : null
      if (extra !== null) found.push([name, extra])
    }
    for (const { place: holder, name, extra } of lists) if (holder === at) found.push([name, extra])
    return found.length === 0 ? null : inOrder(found)
  }
  return of(element, 0)
}

function inOrder(members: [name: string, value: unknown][]): JsonObject {
  const object = bare()
  for (const [name, value] of members.sort(([a], [b]) => (a < b ? -1 : 1))) object[name] = value
  return object
}
