export type JsonObject = Record<string, unknown>

/** A value does not fit its declaration, or a required one is missing. */
export class TypeMismatch extends Error {
  /** Dotted path in the record; null: not known yet. */
  readonly path: string | null
  constructor(reason: string, path: string | null = null) {
    super(reason)
    this.path = path
  }
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value)

/** Whether a value is `[]` or `{}`: some back ends write one of them for nothing. */
export const isEmpty = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !JSON.isRawJSON(value) && Object.keys(value).length === 0

/**
 * The object that a value declared as an object stands for; null: it stands for none. A list of one object means the object:
 * `payment_details` comes as such a list [observed].
 */
export function objectIn(value: unknown): JsonObject | null {
  const inner: unknown = Array.isArray(value) && value.length === 1 ? value[0] : value
  return isObject(inner) ? inner : null
}

/** An object without a prototype, so that a member named `__proto__` is like any other. */
export const bare = (): JsonObject => Object.create(null)

/** The type of a value in words, for messages. */
export const typeName = (value: unknown): string => (Array.isArray(value) ? 'a list' : `a ${typeof value}`)
