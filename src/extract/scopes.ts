import type { StoreIdentity } from '../common/model.ts'
import type { Readable, Scopes, Stream } from '../schema/stream.ts'

/** What `GET /token_information` says about the token in use. */
export interface TokenInformation {
  readonly name: string | null
  /** Null when the API does not say: then a 403 is the only answer there is. */
  readonly scopes: readonly string[] | null
  /** The owner of the token. */
  readonly client: StoreIdentity['client']
}

/** What the token's scopes say about a stream. The API may still answer 403. */
export interface Access {
  readonly granted: boolean
  /** Scopes that the token lacks, as a message shows them: `read_orders or read_charges`. */
  readonly missing: readonly string[]
}

/** If the API does not say which scopes the token has, every stream is tried; a 403 then shows what is missing. */
export const readableBy =
  ({ scopes: granted }: Pick<TokenInformation, 'scopes'>): Readable =>
  needed =>
    granted === null || needed.length === 0 || needed.some(scope => granted.includes(scope))

export function accessOf(stream: Stream, readable: Readable): Access {
  if (!stream.each) return { granted: readable(stream.scopes), missing: missingOf([stream.scopes], readable) }
  const values = Object.values(stream.each.values)
  return { granted: values.some(readable), missing: missingOf(values, readable) }
}

const missingOf = (needed: readonly Scopes[], readable: Readable): readonly string[] => [
  ...new Set(needed.filter(scopes => !readable(scopes)).map(labelOf)),
]

const labelOf = (scopes: Scopes): string => scopes.join(' or ')

/** Scopes that let the token change the store. This program needs none of them. */
export const writeScopes = ({ scopes }: Pick<TokenInformation, 'scopes'>): readonly string[] =>
  (scopes ?? []).filter(scope => scope.startsWith('write_'))
