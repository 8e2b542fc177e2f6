import type { RecordedStore } from '../../common/model.ts'
import type { Session } from './engine.ts'
import { writeStore } from './settings.ts'

type RecordStore = (db: Session['db']) => Promise<void>

/** The store that the next commit records. */
export interface StoreToKeep {
  set(store: RecordedStore): void
  /** Makes `commit` record it. Commits run one after another until one of them has succeeded. */
  within<T>(commit: (record: RecordStore) => Promise<T>): Promise<T>
}

export function createStoreToKeep(): StoreToKeep {
  let store: RecordedStore | null = null
  let turn: Promise<unknown> = Promise.resolve()
  const nothing: RecordStore = async () => {}
  return {
    set(given) {
      store = given
    },
    within(commit) {
      if (store === null) return commit(nothing)
      // Two transactions that write the same row at the same time would be in each other's way.
      const own = turn.then(async () => {
        const pending = store
        if (pending === null) return commit(nothing)
        const result = await commit(db => writeStore(db, pending))
        store = null
        return result
      })
      turn = own.catch(() => {})
      return own
    },
  }
}
