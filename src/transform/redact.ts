import type { Columns, Policy } from '../schema/column.ts'
import type { Salt } from '../schema/salt.ts'
import type { Stream } from '../schema/stream.ts'
import { bare, isObject, type JsonObject } from './type-mismatch.ts'

/**
 * What stands in a rejected record for a value that is hashed. An object, so that a record that is loaded again is not
 * hashed twice and nothing that the API sends in clear can pass for it.
 */
const DIGEST = '_sync_sha256'
const HEX = /^[0-9a-f]{64}$/
/** What stands for a value in the position of an object that would hold one: no object, so that it fits no better than before. */
const MISPLACED = /^sha256:[0-9a-f]{64}$/
/** Step of a path into the elements of a list. */
const EACH = '[]'
/** Shorter values would blacken innocent text. */
const SHORTEST = 6

interface ProtectedPath {
  readonly steps: readonly string[]
  readonly policy: Exclude<Policy, 'keep'>
}

/** Takes what is to be hashed or omitted out of what is kept beside the columns. */
export interface Redaction {
  /** A record, or what is left of it: its protected values hashed or gone, wherever they stand in it. */
  of(record: unknown, part: unknown): unknown
  /** A reason that may quote the record. */
  reason(record: unknown, reason: string): string
}

/** @returns null where the stream keeps every value. */
export function redaction(stream: Stream): Redaction | null {
  const { salt } = stream
  const paths = [
    ...protectedPaths(stream.columns, []),
    ...Object.values(stream.children).flatMap(({ from, columns }) =>
      protectedPaths(columns, [...from.split('.'), EACH]),
    ),
  ]
  if (paths.length === 0) return null
  const stand: Record<ProtectedPath['policy'], (text: string) => string | null> = {
    hash: text => sealed(salt).digest(text),
    omit: () => null,
  }
  const secretsOf = (record: unknown): Map<string, string> => {
    const found = new Map<string, string>()
    for (const { steps, policy } of paths)
      for (const value of valuesAt(record, steps, 0))
        if (value.length >= SHORTEST) found.set(value, stand[policy](value) ?? '[omitted]')
    return found
  }
  return {
    of(record, part) {
      let redacted = part
      for (const { steps, policy } of paths) redacted = redactedAt(redacted, steps, 0, stand[policy])
      const secrets = secretsOf(record)
      return secrets.size === 0 ? redacted : without(redacted, [...secrets])
    },
    reason(record, reason) {
      // Values are quoted cut short, so a beginning is enough.
      const quoted = [...secretsOf(record).keys()].some(value => reason.includes(value.slice(0, SHORTEST)))
      return quoted ? 'the value does not fit; it is not shown, because it holds a sensitive one' : reason
    },
  }
}

/** The hash of a value that is neither null nor absent. A text and the number that it spells have the same one. */
export function digestOf(value: unknown, salt: Salt): string {
  return isObject(value) && isDigest(value[DIGEST]) ? value[DIGEST] : salt.digest(textOf(value))
}

const isDigest = (value: unknown): value is string => typeof value === 'string' && HEX.test(value)

function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (JSON.isRawJSON(value)) return value.rawJSON
  return JSON.stringify(value)
}

function sealed(salt: Salt | null): Salt {
  if (salt === null) throw new Error('values are to be hashed, and the stream has no salt')
  return salt
}

const protectedPaths = (columns: Columns, prefix: readonly string[]): ProtectedPath[] =>
  Object.entries(columns).flatMap(([name, { from, policy, derived }]) =>
    policy === 'keep' || derived ? [] : [{ steps: [...prefix, ...(from ?? name).split('.')], policy }],
  )

/** Texts at the end of the path, and those that stand where an object on the way to it should. */
function valuesAt(value: unknown, steps: readonly string[], at: number): string[] {
  if (typeof value === 'string') return [value]
  if (Array.isArray(value)) return value.flatMap(element => valuesAt(element, steps, skipEach(steps, at)))
  if (!isObject(value)) return []
  if (at >= steps.length) return Object.values(value).flatMap(member => valuesAt(member, steps, at))
  if (steps[at] === EACH) return [value, ...indexed(value)].flatMap(element => valuesAt(element, steps, at + 1))
  return valuesAt(Object.hasOwn(value, steps[at] ?? '') ? value[steps[at] ?? ''] : null, steps, at + 1)
}

const skipEach = (steps: readonly string[], at: number): number => (steps[at] === EACH ? at + 1 : at)

/** `_extra` keeps the elements of a list by their position in it. */
const indexed = (value: JsonObject): unknown[] =>
  Object.entries(value).flatMap(([name, element]) => (isPosition(name) ? [element] : []))

const isPosition = (name: string): boolean => /^\d+$/.test(name)

function redactedAt(
  value: unknown,
  steps: readonly string[],
  at: number,
  stand: (text: string) => string | null,
): unknown {
  if (value === null || value === undefined) return value
  if (at >= steps.length) {
    if (isObject(value) && isDigest(value[DIGEST])) return value
    const digest = stand(textOf(value))
    return digest === null ? null : { [DIGEST]: digest }
  }
  if (Array.isArray(value)) return value.map(element => redactedAt(element, steps, skipEach(steps, at), stand))
  if (!isObject(value)) {
    // Something else stands where the object should be; it may be what that object would hold.
    const text = textOf(value)
    if (MISPLACED.test(text)) return value
    const digest = stand(text)
    return digest === null ? null : `sha256:${digest}`
  }
  const name = steps[at] ?? ''
  const copy: JsonObject = Object.assign(bare(), value)
  if (name === EACH) {
    for (const [position, element] of Object.entries(value))
      if (isPosition(position)) copy[position] = redactedAt(element, steps, at + 1, stand)
    return redactedAt(copy, steps, at + 1, stand)
  }
  if (!Object.hasOwn(value, name)) return value
  copy[name] = redactedAt(value[name], steps, at + 1, stand)
  return copy
}

/** The same value of a secret may stand in a link, or under a name that nothing is declared for. */
function without(value: unknown, secrets: readonly (readonly [secret: string, stand: string])[]): unknown {
  if (typeof value === 'string')
    return secrets.reduce((text, [secret, stand]) => text.replaceAll(secret, () => stand), value)
  if (Array.isArray(value)) return value.map(element => without(element, secrets))
  if (!isObject(value)) return value
  const copy = bare()
  for (const [name, member] of Object.entries(value)) copy[String(without(name, secrets))] = without(member, secrets)
  return copy
}
