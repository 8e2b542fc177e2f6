export type JsonObject = Record<string, unknown>

/** A value does not fit its declaration. */
export class TypeMismatch extends Error {
  /** Dotted, in the record; null until it is known which member had the value. */
  readonly path: string | null
  constructor(reason: string, path: string | null = null) {
    super(reason)
    this.path = path
  }
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value)

/** Without a prototype, so that a member called `__proto__` is a member like any other. */
export const bare = (): JsonObject => Object.create(null)

export const kindOf = (value: unknown): string => (Array.isArray(value) ? 'a list' : `a ${typeof value}`)
