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

/** An object without a prototype, so that a member named `__proto__` is like any other. */
export const bare = (): JsonObject => Object.create(null)

/** The type of a value in words, for messages. */
export const typeName = (value: unknown): string => (Array.isArray(value) ? 'a list' : `a ${typeof value}`)
