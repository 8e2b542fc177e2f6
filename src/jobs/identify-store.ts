import { OtherStoreError } from '../common/errors.ts'
import type { RecordedStore, RequestStats, StoreIdentity } from '../common/model.ts'
import type { TokenInformation } from '../extract/scopes.ts'
import type { Source } from '../extract/source.ts'
import type { StoreIdentification } from '../load/destination.ts'

export interface IdentifyOptions {
  readonly source: Pick<Source, 'identity'>
  readonly destination: StoreIdentification
  /** Hash of the token with the warehouse's salt. Called only when the warehouse has one. */
  readonly tokenHash: () => string
  readonly information: TokenInformation
  readonly requestStats: RequestStats
}

export interface Identified {
  readonly store: StoreIdentity
  /** The warehouse has not recorded this store with this token yet. */
  readonly isNew: boolean
}

/**
 * Makes sure that the token is of the store whose rows the warehouse has. A token that read it before costs no request.
 * @throws {OtherStoreError}
 */
export async function identifyStore(options: IdentifyOptions, signal: AbortSignal): Promise<Identified> {
  const { source, destination, tokenHash, information, requestStats } = options
  const recorded = await destination.store()
  if (recorded !== null && 'token' in recorded && recorded.token === tokenHash())
    return { store: recorded, isNew: false }
  const store = await source.identity(information, requestStats, signal)
  if (recorded !== null) refuseOther(recorded, store)
  // An id that was proved once stays, also where this token may not read it.
  return { store: { ...store, id: store.id ?? recorded?.id ?? null }, isNew: true }
}

/** How a person goes on who knows better. */
const SAME =
  'If it is the same store, delete the row "store" of _sync_settings (older warehouses: the rows of the tables store and shop), and run again.'

function refuseOther(recorded: RecordedStore | Pick<RecordedStore, 'id' | 'name'>, store: StoreIdentity): void {
  if (recorded.id !== null && store.id !== null) {
    if (recorded.id === store.id) return
    throw new OtherStoreError(
      `the warehouse has the rows of ${named(recorded)}, and the token is of ${named(store)}`,
      `Use the token of ${named(recorded)}, or another destination.schema for ${named(store)}. ${SAME}`,
    )
  }
  if ('client' in recorded && isSameOwner(recorded.client, store.client)) return
  throw new OtherStoreError(
    `the warehouse has the rows of ${named(recorded)}, and it cannot be proved that the token, of ${named(store)}, is of the same store`,
    `Give the token the scope store_info, which shows the id of its store, or choose another destination.schema. ${SAME}`,
  )
}

/** Two owners of whom nothing is known are not the same. */
const isSameOwner = (a: StoreIdentity['client'], b: StoreIdentity['client']): boolean =>
  (a.name ?? a.email) !== null && a.name === b.name && a.email === b.email

export const named = ({ id, name }: Pick<StoreIdentity, 'id' | 'name'>): string =>
  id === null ? (name ?? 'an unknown owner') : `store ${id}${name === null ? '' : ` (${name})`}`
