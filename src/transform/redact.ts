import type { Columns, Policy } from '../schema/column.ts'
import type { Salt } from '../schema/salt.ts'
import type { Stream } from '../schema/stream.ts'
import { bare, isObject, type JsonObject } from './type-mismatch.ts'

/**
 * Member of the object that replaces a hashed value in a rejected record. It is an object so that the value is not hashed
 * again when the reject is loaded again, and so that no value that the API sends in clear looks like it.
 */
const DIGEST = '_sync_sha256'
const HEX = /^[0-9a-f]{64}$/
/** Replaces a value that was sent in place of an object with a protected member. It is not an object, so it still does not fit. */
const MISPLACED = /^sha256:[0-9a-f]{64}$/
/** The step of a path into the elements of a list. */
const EACH = '[]'
/** A shorter value would also be found in text that has nothing to do with it. */
const SHORTEST = 6

interface ProtectedPath {
  readonly steps: readonly string[]
  readonly policy: Exclude<Policy, 'keep'>
}

/** Hashes or removes protected values in what is kept outside of their columns: `_extra` and rejects. */
export interface Redaction {
  /** A copy of `part` of the record in which the protected values of the record are hashed or removed, wherever they stand. */
  of(record: unknown, part: unknown): unknown
  /** The reason of a reject, without the values that it may quote from the record. */
  reason(record: unknown, reason: string): string
}

/** @returns null: the stream stores every value unchanged. */
export function redaction(stream: Stream): Redaction | null {
  const { salt } = stream
  const paths = [
    ...protectedPaths(stream.columns, []),
    ...Object.values(stream.children).flatMap(({ from, columns }) =>
      protectedPaths(columns, [...from.split('.'), EACH]),
    ),
  ]
  if (paths.length === 0) return null
  const replacement: Record<ProtectedPath['policy'], (text: string) => string | null> = {
    hash: text => saltOf(salt).digest(text),
    omit: () => null,
  }
  const secretsOf = (record: unknown): Map<string, string> => {
    const found = new Map<string, string>()
    for (const { steps, policy } of paths)
      for (const value of valuesAt(record, steps, 0))
        if (value.length >= SHORTEST) found.set(value, replacement[policy](value) ?? '[omitted]')
    return found
  }
  return {
    of(record, part) {
      let redacted = part
      for (const { steps, policy } of paths) redacted = redactedAt(redacted, steps, 0, replacement[policy])
      const secrets = secretsOf(record)
      return secrets.size === 0 ? redacted : withoutSecrets(redacted, [...secrets])
    },
    reason(record, reason) {
      // A reason cuts quoted values short, so it is enough to find the start of one.
      const quoted = [...secretsOf(record).keys()].some(value => reason.includes(value.slice(0, SHORTEST)))
      return quoted ? 'the value does not fit; it is not shown, because it contains a protected value' : reason
    },
  }
}

/** The hash of a value, which must not be null or undefined. A number has the hash of its text. */
export function digestOf(value: unknown, salt: Salt): string {
  return isObject(value) && isDigest(value[DIGEST]) ? value[DIGEST] : salt.digest(textOf(value))
}

const isDigest = (value: unknown): value is string => typeof value === 'string' && HEX.test(value)

function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (JSON.isRawJSON(value)) return value.rawJSON
  return JSON.stringify(value)
}

function saltOf(salt: Salt | null): Salt {
  if (salt === null) throw new Error('the stream has columns to hash and no salt')
  return salt
}

const protectedPaths = (columns: Columns, prefix: readonly string[]): ProtectedPath[] =>
  Object.entries(columns).flatMap(([name, { from, policy, derived }]) =>
    policy === 'keep' || derived ? [] : [{ steps: [...prefix, ...(from ?? name).split('.')], policy }],
  )

/** The texts at the end of a path, and texts that were sent in place of an object on the path. */
function valuesAt(value: unknown, steps: readonly string[], at: number): string[] {
  if (typeof value === 'string') return [value]
  if (Array.isArray(value)) return value.flatMap(element => valuesAt(element, steps, skipEach(steps, at)))
  if (!isObject(value)) return []
  if (at >= steps.length) return Object.values(value).flatMap(member => valuesAt(member, steps, at))
  if (steps[at] === EACH) return [value, ...elementsOf(value)].flatMap(element => valuesAt(element, steps, at + 1))
  return valuesAt(Object.hasOwn(value, steps[at] ?? '') ? value[steps[at] ?? ''] : null, steps, at + 1)
}

const skipEach = (steps: readonly string[], at: number): number => (steps[at] === EACH ? at + 1 : at)

/** The elements of a list in `_extra`, which keeps them as an object by position. */
const elementsOf = (value: JsonObject): unknown[] =>
  Object.entries(value).flatMap(([name, element]) => (isPosition(name) ? [element] : []))

const isPosition = (name: string): boolean => /^\d+$/.test(name)

function redactedAt(
  value: unknown,
  steps: readonly string[],
  at: number,
  replace: (text: string) => string | null,
): unknown {
  if (value === null || value === undefined) return value
  if (at >= steps.length) {
    if (isObject(value) && isDigest(value[DIGEST])) return value
    const digest = replace(textOf(value))
    return digest === null ? null : { [DIGEST]: digest }
  }
  if (Array.isArray(value)) return value.map(element => redactedAt(element, steps, skipEach(steps, at), replace))
  if (!isObject(value)) {
    // The value was sent in place of the object, and may be the protected value itself.
    const text = textOf(value)
    if (MISPLACED.test(text)) return value
    const digest = replace(text)
    return digest === null ? null : `sha256:${digest}`
  }
  const name = steps[at] ?? ''
  const copy: JsonObject = Object.assign(bare(), value)
  if (name === EACH) {
    for (const [position, element] of Object.entries(value))
      if (isPosition(position)) copy[position] = redactedAt(element, steps, at + 1, replace)
    return redactedAt(copy, steps, at + 1, replace)
  }
  if (!Object.hasOwn(value, name)) return value
  copy[name] = redactedAt(value[name], steps, at + 1, replace)
  return copy
}

/** Replaces the secrets in all texts: a secret may also stand in a link, or in a member that is not declared. */
function withoutSecrets(value: unknown, secrets: readonly (readonly [secret: string, replacement: string])[]): unknown {
  if (typeof value === 'string')
    return secrets.reduce((text, [secret, replacement]) => text.replaceAll(secret, () => replacement), value)
  if (Array.isArray(value)) return value.map(element => withoutSecrets(element, secrets))
  if (!isObject(value)) return value
  const copy = bare()
  for (const [name, member] of Object.entries(value))
    copy[String(withoutSecrets(name, secrets))] = withoutSecrets(member, secrets)
  return copy
}
