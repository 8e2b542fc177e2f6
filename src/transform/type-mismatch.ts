export type JsonObject = Record<string, unknown>

/** A value does not fit its declaration: the whole record is set aside. */
export class Misfit extends Error {
  readonly path: string
  constructor(path: string, reason: string) {
    super(reason)
    this.path = path
  }
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value)

/** Without a prototype, so that a member called `__proto__` is a member like any other. */
export const bare = (): JsonObject => Object.create(null)

export const kindOf = (value: unknown): string => (Array.isArray(value) ? 'a list' : `a ${typeof value}`)
