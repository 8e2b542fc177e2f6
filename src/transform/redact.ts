import { stringifyExact } from '../common/exact-json.ts'
import type { Columns, Policy } from '../schema/column.ts'
import type { Salt } from '../schema/salt.ts'
import type { Stream } from '../schema/stream.ts'
import { namesCredential } from './credential-name.ts'
import { bare, isEmpty, isObject, type JsonObject } from './type-mismatch.ts'

/**
 * Member of the object that replaces a hashed value in a rejected record. It is an object so that the value is not hashed
 * again when the reject is loaded again, and so that no value that the API sends in clear looks like it.
 */
const DIGEST = '_sync_sha256'
const HEX = /^[0-9a-f]{64}$/
/** Replaces a value that was sent in place of an object with a protected member. It is not an object, so it still does not fit. */
const MISPLACED = /^sha256:[0-9a-f]{64}$/
/** A shorter value would also be found in text that has nothing to do with it. */
const SHORTEST = 6

type Protection = Exclude<Policy, 'keep'>

/** A declared path: a column, or an object or a list with columns. */
interface Declared {
  readonly members: Map<string, Declared>
  /** Its elements have the members. `_extra` keeps them as an object by position. */
  list: boolean
  /** It is a column for a value of any shape: whatever stands inside is declared. */
  json: boolean
  /** How the column is protected; null: it is not, or the path is no column. */
  policy: Protection | null
  /** How the first protected column inside is protected; null: there is none. */
  inside: Protection | null
}

/** Hashes or removes protected values in what is kept outside of their columns: `_extra` and rejects. */
export interface Redaction {
  /**
   * A copy of `part` of the record in which values are hashed or removed, wherever they stand: those of protected columns,
   * and those of fields that are not declared and whose name says that they are credentials.
   */
  of(record: unknown, part: unknown): unknown
  /** The reason of a reject, without the values that it may quote from the record. */
  reason(record: unknown, reason: string): string
}

/** @returns null: the stream stores every value unchanged. */
export function redaction(stream: Stream): Redaction | null {
  const { salt, singular } = stream
  const root = declaredIn(stream)
  const byName = stream.sensitive === 'keep' ? null : stream.sensitive
  if (root.inside === null && byName === null) return null
  const start: Place = { declared: root, name: singular, credential: false, free: false }
  const replace: Replace = (policy, text) => (policy === 'hash' ? saltOf(salt).digest(text) : null)
  /** Each secret text, and what replaces it in other texts. */
  const secretsOf = (record: unknown): Secrets => {
    const found: Secrets = new Map()
    for (const { text, policy } of protectedTexts(record, root))
      if (text.length >= SHORTEST) found.set(text, replace(policy, text) ?? '[omitted]')
    return found
  }
  const credentialsOf = (part: unknown): Secrets | null => {
    if (byName === null) return null
    const texts = credentialTexts(part, start)
    if (texts === null) return null
    return new Map(
      texts.flatMap(text => (text.length < SHORTEST ? [] : [[text, replace(byName, text) ?? '[omitted]'] as const])),
    )
  }
  return {
    of(record, part) {
      const credentials = credentialsOf(part)
      if (root.inside === null && credentials === null) return part
      const secrets = secretsOf(record)
      const all = longestFirst(new Map([...(credentials ?? []), ...secrets]))
      return redacted(part, start, { replace, byName, secrets: longestFirst(secrets), all })
    },
    reason(record, reason) {
      // A reason cuts quoted values short, so it is enough to find the start of one.
      const hidden = [...secretsOf(record).keys(), ...(credentialsOf(record)?.keys() ?? [])]
      const quoted = hidden.some(value => reason.includes(value.slice(0, SHORTEST)))
      return quoted ? 'the value does not fit; it is not shown, because it contains a protected value' : reason
    },
  }
}

type Secrets = Map<string, string>

/** A secret may contain another one, or overlap with it in a text: the order must not depend on that of the members. */
const longestFirst = (secrets: Secrets): Secrets =>
  new Map([...secrets].sort(([a], [b]) => b.length - a.length || (a < b ? -1 : 1)))

/** The hash of a value, which must not be null or undefined. A number has the hash of its text. */
export const digestOf = (value: unknown, salt: Salt): string => digestIn(value) ?? salt.digest(textOf(value))

/** The hash in an object that replaces a value; null: it is another value. */
export function digestIn(value: unknown): string | null {
  if (!isObject(value)) return null
  const digest = value[DIGEST]
  return typeof digest === 'string' && HEX.test(digest) && Object.keys(value).length === 1 ? digest : null
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (JSON.isRawJSON(value)) return value.rawJSON
  return stringifyExact(value)
}

function saltOf(salt: Salt | null): Salt {
  if (salt === null) throw new Error('the stream has columns to hash and no salt')
  return salt
}

/** What is declared, as a tree. A field that was not declared before its column was inferred is still not declared. */
function declaredIn(stream: Stream): Declared {
  const { columns, children } = stream.declared ?? stream
  const root = undeclared()
  addColumns(root, columns)
  for (const { from, columns: inside } of Object.values(children)) {
    const steps = from.split('.')
    const path = pathTo(root, steps)
    const list = path.at(-1) ?? root
    list.list = true
    addColumns(list, inside)
    for (const holder of path) holder.inside ??= list.inside
  }
  return root
}

const undeclared = (): Declared => ({ members: new Map(), list: false, json: false, policy: null, inside: null })

function addColumns(holder: Declared, columns: Columns): void {
  for (const [column, { from, also, kind, any, policy, derived }] of Object.entries(columns))
    for (const name of [from ?? column, ...also]) {
      const path = pathTo(holder, name.split('.'))
      const last = path.pop()
      if (last === undefined) continue
      if (kind === 'json' || any) last.json = true
      if (policy === 'keep' || derived) continue
      last.policy ??= policy
      for (const outer of path) outer.inside ??= policy
    }
}

/** The declared paths from `from` to the end of the steps, `from` included. */
function pathTo(from: Declared, steps: readonly string[]): Declared[] {
  const path = [from]
  let at = from
  for (const step of steps) {
    const next = at.members.get(step) ?? undeclared()
    at.members.set(step, next)
    at = next
    path.push(at)
  }
  return path
}

const isPosition = (name: string): boolean => /^\d+$/.test(name)

/** What is declared of a member; null: nothing. An element of a list has what the list has. */
const memberOf = (holder: Declared, name: string): Declared | null =>
  holder.members.get(name) ?? (holder.list && isPosition(name) ? holder : null)

/*
 * The walks below keep their own stack: a rejected record may be nested more deeply than functions can call each other.
 */

/** The texts of protected columns, and texts that were sent in place of an object that contains some. */
function protectedTexts(record: unknown, root: Declared): { text: string; policy: Protection }[] {
  const found: { text: string; policy: Protection }[] = []
  if (root.inside === null) return found
  const open: { value: unknown; at: Declared; policy: Protection | null }[] = [
    { value: record, at: root, policy: null },
  ]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, at } = next
    const policy = next.policy ?? at.policy
    if (digestIn(value) !== null) continue
    if (typeof value === 'string') {
      const protection = policy ?? at.inside
      if (protection !== null) found.push({ text: value, policy: protection })
    } else if (Array.isArray(value)) for (const element of value) open.push({ value: element, at, policy })
    else if (isObject(value))
      for (const [name, member] of Object.entries(value)) {
        const inside = policy === null ? memberOf(at, name) : at
        if (inside !== null && (policy ?? inside.policy ?? inside.inside) !== null)
          open.push({ value: member, at: inside, policy })
      }
  }
  return found
}

/** Where a value stands. */
interface Place {
  /** What is declared of it; null: nothing. */
  readonly declared: Declared | null
  /** Name of the member that it is the value of, or that the list is whose element it is. */
  readonly name: string
  /** The name of a member that contains it says that it is a credential. */
  readonly credential: boolean
  /** It is in a JSON column. */
  readonly free: boolean
}

/** Where a member of a value stands. */
function placeIn(holder: Place, name: string): Place {
  const { declared } = holder
  const inside = declared === null ? null : memberOf(declared, name)
  // The element of a list has the list's name.
  if (inside !== null && inside === declared) return holder
  const free = holder.free || inside?.json === true
  const credential = holder.credential || (!free && inside === null && namesCredential(name, holder.name))
  return { declared: inside, name, credential, free }
}

/** The texts of credentials that are not declared; null: there is no such member with a value. */
function credentialTexts(part: unknown, start: Place): string[] | null {
  let found: string[] | null = null
  const open = [{ value: part, place: start }]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, place } = next
    if (Array.isArray(value)) for (const element of value) open.push({ value: element, place })
    else if (isObject(value)) {
      if (digestIn(value) === null)
        for (const [name, member] of Object.entries(value)) open.push({ value: member, place: placeIn(place, name) })
    } else if (place.credential && isSecret(value)) {
      found ??= []
      if (typeof value === 'string') found.push(value)
    }
  }
  return found
}

/** A boolean tells no secret. */
const isSecret = (value: unknown): boolean =>
  typeof value === 'string' || typeof value === 'number' || JSON.isRawJSON(value)

type Replace = (policy: Protection, text: string) => string | null

interface Replacements {
  readonly replace: Replace
  /** What happens to credentials that are not declared. */
  readonly byName: Protection | null
  /** To be replaced in all texts: a secret may also stand in a link. */
  readonly secrets: Secrets
  /**
   * To be replaced in texts that are not declared: these and the credentials that are not declared. Their names may
   * deceive, and then no declared value must change.
   */
  readonly all: Secrets
}

function redacted(part: unknown, start: Place, { replace, byName, secrets, all }: Replacements): unknown {
  const holder: JsonObject = { part }
  const open = [{ to: holder, key: 'part', place: start }]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { to, key, place } = next
    const value = to[key]
    const { declared, credential } = place
    if (value === null || value === undefined || isEmpty(value) || digestIn(value) !== null) continue
    if (declared?.policy) to[key] = digestObject(replace(declared.policy, textOf(value)))
    else if (Array.isArray(value)) {
      const copy = [...value]
      to[key] = copy
      for (const index of copy.keys()) open.push({ to: copy as unknown as JsonObject, key: String(index), place })
    } else if (isObject(value)) {
      const copy = bare()
      to[key] = copy
      for (const [name, member] of Object.entries(value)) {
        const inside = placeIn(place, name)
        const shown = without(name, inside.declared === null && !inside.free ? all : secrets)
        copy[shown] = member
        open.push({ to: copy, key: shown, place: inside })
      }
    } else if (declared?.inside) {
      // The value was sent in place of the object, and may be the protected value itself.
      const text = textOf(value)
      if (MISPLACED.test(text)) continue
      const digest = replace(declared.inside, text)
      to[key] = digest === null ? null : `sha256:${digest}`
    } else if (credential && byName !== null && isSecret(value)) to[key] = digestObject(replace(byName, textOf(value)))
    else if (typeof value === 'string') to[key] = without(value, declared === null && !place.free ? all : secrets)
  }
  return holder.part
}

const digestObject = (digest: string | null): JsonObject | null => (digest === null ? null : { [DIGEST]: digest })

function without(text: string, secrets: Secrets): string {
  let rest = text
  for (const [secret, replacement] of secrets) rest = rest.replaceAll(secret, () => replacement)
  return rest
}
