import { type Document, isMap, isScalar } from 'yaml'

/** The configuration as it was given, in a file or as an object. Problems name places in it. */
export interface GivenConfig {
  /** Names the whole of it in an error. */
  readonly name: string
  /** Plain data, with variables replaced. */
  readonly value: unknown
  /** Whether there is a value at `path`; null counts. */
  has(path: readonly string[]): boolean
  /** The scalar at `path` as an error may quote it; null: there is none, or it may be a secret. */
  quote(path: readonly string[]): string | null
  /** Line of the key at `path`, or of the nearest one above it, from 1; null: there are no lines. */
  lineOf(path: readonly string[]): number | null
}

export type LineAt = (offset: number) => number

/** @param value the document as plain data. */
export function givenFile(name: string, document: Document, value: unknown, lineAt: LineAt): GivenConfig {
  return givenPart(name, { root: document.contents, value }, lineAt)
}

/** A part of a document. */
export interface Part {
  readonly root: unknown
  /** The part as plain data. */
  readonly value: unknown
}

export function givenPart(name: string, { root, value }: Part, lineAt: LineAt): GivenConfig {
  const at = (path: readonly string[]): unknown =>
    path.length === 0 ? root : isMap(root) ? root.getIn(path, true) : undefined
  return {
    name,
    value,
    has: path => at(path) !== undefined,
    quote(path) {
      const node = at(path)
      if (!isScalar(node)) return null
      // What the file says, not what a variable in it stands for: the value may be a secret.
      return JSON.stringify(typeof node.value === 'string' ? (node.source ?? node.value) : node.value)
    },
    lineOf(path) {
      for (let depth = path.length; depth > 0; depth--) {
        const parent = at(path.slice(0, depth - 1))
        const pair = isMap(parent)
          ? parent.items.find(item => isScalar(item.key) && String(item.key.value) === path[depth - 1])
          : undefined
        if (pair && isScalar(pair.key) && pair.key.range) return lineAt(pair.key.range[0])
      }
      return null
    },
  }
}

export function givenObject(name: string, value: unknown): GivenConfig {
  const at = (path: readonly string[]): unknown =>
    path.reduce<unknown>(
      (inner, key) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined),
      value,
    )
  return {
    name,
    value,
    has: path => at(path) !== undefined,
    quote(path) {
      const found = at(path)
      // A text may hold a secret that the program took from elsewhere.
      return found === null || typeof found === 'number' || typeof found === 'boolean' ? String(found) : null
    },
    lineOf: () => null,
  }
}
