import { OtherStoreError } from '../common/errors.ts'
import type { RecordedStore, RequestStats, StoreIdentity } from '../common/model.ts'
import type { TokenInformation } from '../extract/scopes.ts'
import type { Source } from '../extract/source.ts'
import type { StoreIdentification } from '../load/destination.ts'
import type { Stream } from '../schema/stream.ts'

export interface IdentifyOptions {
  readonly source: Pick<Source, 'identity' | 'createdAt'>
  readonly destination: StoreIdentification
  /** Hash of the token with the warehouse's salt. Called only when the warehouse has one. */
  readonly tokenHash: () => string
  readonly information: TokenInformation
  readonly requestStats: RequestStats
  /** Every declared stream. */
  readonly declared: readonly Stream[]
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
  if (recorded !== null) await refuseOther(recorded, store, options, signal)
  // An id that was proved once stays, also where this token may not read it.
  return { store: { ...store, id: store.id ?? recorded?.id ?? null }, isNew: true }
}

/** How a person goes on who knows better. */
const SAME =
  'If it is the same store, delete the row "store" of _sync_settings (older warehouses: the rows of the tables store and shop), and run again.'

/** Records that are asked for at most, to prove that two tokens are of one store. */
const MOST_ASKED = 4

/**
 * Two ids of stores decide. Without them a record decides that the warehouse has: a token reads the records of its own
 * store only. The owner's name and address prove nothing, since one person may own the tokens of many stores.
 */
async function refuseOther(
  recorded: RecordedStore | Pick<RecordedStore, 'id' | 'name'>,
  store: StoreIdentity,
  { source, destination, requestStats, declared }: IdentifyOptions,
  signal: AbortSignal,
): Promise<void> {
  const other = new OtherStoreError(
    `the warehouse has the rows of ${named(recorded)}, and the token is of ${named(store)}`,
    `Use the token of ${named(recorded)}, or another destination.schema for ${named(store)}. ${SAME}`,
  )
  if (recorded.id !== null && store.id !== null) {
    if (recorded.id === store.id) return
    throw other
  }
  const known = await destination.knownRecords(declared)
  // Without rows there is nothing to mix.
  if (known === null) return
  for (const { stream, key, createdAt } of known.slice(0, MOST_ASKED)) {
    const at = await source.createdAt(stream, key, requestStats, signal)
    if (at === createdAt) return
    if (at !== null) throw other
  }
  throw new OtherStoreError(
    `the warehouse has the rows of ${named(recorded)}, and it cannot be proved that the token, of ${named(store)}, is of the same store`,
    `Give the token the scope store_info, which shows the id of its store, or choose another destination.schema. ${SAME}`,
  )
}

export const named = ({ id, name }: Pick<StoreIdentity, 'id' | 'name'>): string =>
  id === null ? (name ?? 'an unknown owner') : `store ${id}${name === null ? '' : ` (${name})`}`
