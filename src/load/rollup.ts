import { SyncError } from '../common/errors.ts'
import type { DestinationConfig } from './open.ts'
import { ROLLUP_SCHEMA, type RollupReport, type RollupWanted } from './sql/rollup/wanted.ts'

export { ROLLUP_SCHEMA, type RollupReport } from './sql/rollup/wanted.ts'

/** A store of a fleet, and where its rows are. */
export interface StoreDestination {
  readonly store: string
  readonly destination: DestinationConfig
}

/** Names of tables and views, with their descriptions, and the version of the program. */
export type RollupNames = Omit<RollupWanted, 'stores'>

type OfKind<K extends DestinationConfig['kind']> = StoreDestination & {
  readonly destination: Extract<DestinationConfig, { kind: K }>
}

const isKind =
  <K extends DestinationConfig['kind']>(kind: K) =>
  (store: StoreDestination): store is OfKind<K> =>
    store.destination.kind === kind

/** Host, port and name of a Postgres database, without user and password. */
export function databaseOf({ url }: { readonly url: string }): string {
  if (!URL.canParse(url)) return 'a Postgres database'
  const { hostname, port, pathname, searchParams } = new URL(url)
  return `${searchParams.get('host') ?? hostname}:${searchParams.get('port') ?? (port || '5432')}${pathname}`
}

/** The stores of each Postgres database. A view can show the stores of one database only. */
const byDatabase = (stores: readonly StoreDestination[]) =>
  Map.groupBy(stores.filter(isKind('postgres')), ({ destination }) => databaseOf(destination)).values()

const schemasOf = (stores: readonly StoreDestination[]) =>
  stores.map(({ store, destination }) => ({ store, schema: destination.schema }))

/**
 * Makes views over all stores: in each Postgres database that holds some of them, and in one DuckDB file.
 * @param file for the views over DuckDB files, with a script beside it that attaches those.
 * @returns also what could not be made, because a database is gone or a file is open elsewhere: the stores are none the worse.
 */
export async function rollUp(
  stores: readonly StoreDestination[],
  names: RollupNames,
  file: string,
): Promise<readonly RollupReport[]> {
  const reports: RollupReport[] = []
  for (const group of byDatabase(stores)) {
    const { rollUpPostgres } = await import('./postgres/rollup.ts')
    const url = group[0]?.destination.url ?? ''
    reports.push(await reported(databaseOf({ url }), () => rollUpPostgres(url, { ...names, stores: schemasOf(group) })))
  }
  const files = stores.filter(isKind('duckdb'))
  if (files.length > 0) {
    const { rollUpDuckdb } = await import('./duckdb/rollup.ts')
    const paths = files.map(({ store, destination }) => ({ store, file: destination.file }))
    reports.push(await reported(file, () => rollUpDuckdb(file, paths, { ...names, stores: schemasOf(files) })))
  }
  return reports
}

async function reported(place: string, work: () => Promise<RollupReport>): Promise<RollupReport> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof SyncError)) throw error
    const { code, message, next } = error
    return { place, script: null, made: [], dropped: [], problems: [{ view: ROLLUP_SCHEMA, code, message, next }] }
  }
}

/**
 * Drops views over all stores that another version of the program has made: they would keep a store's columns from being
 * converted. The next `rollUp` makes them again, with their rights. What keeps them from being dropped, such as a database that
 * is gone, the run of each store meets and tells.
 */
export async function dropOutdatedRollups(stores: readonly StoreDestination[], version: string): Promise<void> {
  for (const [first] of byDatabase(stores)) {
    if (first === undefined) continue
    const { dropOutdatedRollup } = await import('./postgres/rollup.ts')
    await dropOutdatedRollup(first.destination.url, version).catch(error => {
      if (!(error instanceof SyncError)) throw error
    })
  }
}

/** Whether each process of a store opens connections to a server. */
export const opensConnections = ({ kind }: DestinationConfig): boolean => kind === 'postgres'
