import type { Readable, Scopes, Stream } from '../schema/stream.ts'
import type { TokenInformation } from './source.ts'

/** What the token's scopes say of a stream. A 403 has the last word. */
export interface Access {
  readonly granted: boolean
  /** What is missing, as an operator would look for it: `read_orders or read_charges`. */
  readonly missing: readonly string[]
}

/** A token that does not tell its scopes is taken to have them all, until a 403 says otherwise. */
export const readableBy =
  ({ scopes: held }: Pick<TokenInformation, 'scopes'>): Readable =>
  needed =>
    held === null || needed.length === 0 || needed.some(scope => held.includes(scope))

export function accessOf(stream: Stream, readable: Readable): Access {
  if (!stream.each) return { granted: readable(stream.scopes), missing: missing([stream.scopes], readable) }
  const values = Object.values(stream.each.values)
  return { granted: values.some(readable), missing: missing(values, readable) }
}

const missing = (needed: readonly Scopes[], readable: Readable): readonly string[] => [
  ...new Set(needed.filter(scopes => !readable(scopes)).map(named)),
]

const named = (scopes: Scopes): string => scopes.join(' or ')

/** Scopes that let a token change the store, which this program never does. */
export const writeScopes = ({ scopes }: Pick<TokenInformation, 'scopes'>): readonly string[] =>
  (scopes ?? []).filter(scope => scope.startsWith('write_'))
