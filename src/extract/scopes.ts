import type { StoreIdentity } from '../common/model.ts'
import type { Readable, Scopes, Stream } from '../schema/stream.ts'
import { mayGrant } from './unknown-scopes.ts'

/** What `GET /token_information` says about the token in use. */
export interface TokenInformation {
  readonly name: string | null
  /** Null when the API does not say: then a 403 is the only answer there is. */
  readonly scopes: readonly string[] | null
  /** Those of the scopes whose names this program does not know. */
  readonly unknownScopes: readonly string[]
  /** The owner of the token. */
  readonly client: StoreIdentity['client']
}

/** What the token's scopes say about a stream. The API may still answer 403. */
export interface Access {
  /** It has a scope for the stream, or for a part of it. */
  readonly granted: boolean
  /** Scopes that the token lacks, as a message shows them: `read_orders or read_charges`. */
  readonly missing: readonly string[]
  /** Scopes of the token that may mean the same as one that it lacks, by their names. Then the API decides. */
  readonly perhaps: readonly string[]
}

/** If the API does not say which scopes the token has, every stream is tried; a 403 then shows what is missing. */
export const readableBy =
  ({ scopes: granted }: Pick<TokenInformation, 'scopes'>): Readable =>
  needed =>
    granted === null || needed.length === 0 || needed.some(scope => granted.includes(scope))

export function accessOf(stream: Stream, token: Pick<TokenInformation, 'scopes' | 'unknownScopes'>): Access {
  const readable = readableBy(token)
  const needed = stream.each ? Object.values(stream.each.values) : [stream.scopes]
  const missing = missingOf(needed, readable)
  return {
    granted: needed.some(readable),
    missing,
    perhaps: missing.length > 0 ? token.unknownScopes.filter(scope => mayGrant(scope, stream)) : [],
  }
}

/** Whether the stream is requested. If the API then answers 403, it is skipped. */
export const isTried = ({ granted, perhaps }: Access): boolean => granted || perhaps.length > 0

const missingOf = (needed: readonly Scopes[], readable: Readable): readonly string[] => [
  ...new Set(needed.filter(scopes => !readable(scopes)).map(labelOf)),
]

const labelOf = (scopes: Scopes): string => scopes.join(' or ')

/** Scopes that let the token change the store. This program needs none of them. */
export const writeScopes = ({ scopes }: Pick<TokenInformation, 'scopes'>): readonly string[] =>
  (scopes ?? []).filter(scope => scope.startsWith('write_'))
