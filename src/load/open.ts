import { existsSync } from 'node:fs'
import { DestinationError } from '../common/errors.ts'
import type { SqlTypes } from '../schema/docs-guide.ts'
import type { Forgotten } from '../schema/forgotten.ts'
import { Salt } from '../schema/salt.ts'
import type { Stream } from '../schema/stream.ts'
import type { Warehouse } from './destination.ts'

/**
 * A database is registered here: its configuration in this type, its `Engine` in `openDestination`, what the program says of
 * it in `describeDestination`, its types in `sqlTypes`.
 */
export type DestinationConfig =
  | {
      readonly kind: 'duckdb'
      readonly file: string
      readonly schema: string
      /** File that is replaced by a copy after each run, for readers. Default: there is none. */
      readonly readCopy?: string
    }
  | { readonly kind: 'postgres'; readonly url: string; readonly schema: string }

export interface OpenOptions {
  /** `read` creates nothing. */
  readonly mode: 'read' | 'write'
  /** Connections at most, for a database that runs several transactions side by side. */
  readonly connections: number
  /** Streams of which every version is kept. Default: none. */
  readonly history?: readonly Stream[]
  /** Opened with the warehouse's salt by `prepare` and by `loadSalt`. Default: one that nobody else uses. */
  readonly salt?: Salt
  /** Opened together with the salt. Default: nobody was forgotten. */
  readonly forgotten?: Forgotten
  /** Streams whose records belong to persons. Default: none. */
  readonly persons?: readonly Stream[]
  /** Whether tables get indexes, in a database that uses them. Default: true. */
  readonly indexes?: boolean
  /** How the lease of a server is renewed. Default: that of the engine. */
  readonly lease?: { readonly renewEveryMs: number; readonly expiresAfterMs: number }
}

/**
 * Opens a destination. Imports only the driver that is used, and nothing that builds SQL before: that takes a third of the
 * time in which a command starts, and many commands open none.
 * @throws {DestinationError} `held` if another process has the file, `denied` if it cannot be opened. A server is not
 * contacted yet.
 */
export async function openDestination(
  config: DestinationConfig,
  { mode, connections, history = [], salt = new Salt(), forgotten, persons, indexes = true, lease }: OpenOptions,
): Promise<Warehouse> {
  const { createWarehouse } = await import('./sql/warehouse.ts')
  switch (config.kind) {
    case 'duckdb': {
      const { openDuckdb } = await import('./duckdb/engine.ts')
      const { file, readCopy } = config
      const engine = await openDuckdb({ file, mode, ...(readCopy === undefined ? {} : { readCopy }) })
      return createWarehouse(engine, config.schema, history, salt, forgotten, persons)
    }
    case 'postgres': {
      const { openPostgres } = await import('./postgres/engine.ts')
      return createWarehouse(
        openPostgres({ url: config.url, schema: config.schema, connections, indexes, ...(lease ? { lease } : {}) }),
        config.schema,
        history,
        salt,
        forgotten,
        persons,
      )
    }
  }
}

/**
 * Opens for reading the copy that is made for readers, so that no writer is in the way. Where there is none, the destination
 * itself.
 * @throws {DestinationError} as `openDestination`.
 */
export async function openForReaders(
  config: DestinationConfig,
  options: Omit<OpenOptions, 'mode'>,
): Promise<Warehouse> {
  if (config.kind !== 'duckdb' || config.readCopy === undefined || !existsSync(config.readCopy))
    return await openDestination(config, { ...options, mode: 'read' })
  try {
    return await openDestination({ ...config, file: config.readCopy }, { ...options, mode: 'read' })
  } catch (error) {
    if (!(error instanceof DestinationError) || !BROKEN.has(error.kind)) throw error
    throw new DestinationError(
      error.kind,
      `the read copy cannot be opened: ${error.message}`,
      error,
      `Delete ${config.readCopy}: the next run makes it again.`,
    )
  }
}

const BROKEN: ReadonlySet<string> = new Set(['damaged', 'not_a_database', 'newer_file'])

/** What the program says of a destination without opening it. */
export interface DestinationDescription {
  /** Names it without user and password. */
  readonly name: string
  /** Files of this machine that hold its rows. */
  readonly files: readonly string[]
}

export function describeDestination(config: DestinationConfig): DestinationDescription {
  switch (config.kind) {
    case 'duckdb': {
      const { file, schema, readCopy } = config
      const files = [file, `${file}.wal`, ...(readCopy === undefined ? [] : [readCopy])]
      return { name: `duckdb ${file} ${schema}`, files }
    }
    case 'postgres': {
      const { host, pathname } = URL.canParse(config.url) ? new URL(config.url) : { host: '', pathname: '' }
      return { name: `postgres ${host}${pathname} ${config.schema}`, files: [] }
    }
  }
}

/** The SQL types of every database, for documents. */
export async function sqlTypes(): Promise<SqlTypes> {
  const [duckdb, postgres] = await Promise.all([import('./duckdb/types.ts'), import('./postgres/types.ts')])
  return { DuckDB: kind => duckdb.TYPES[kind].ddl, Postgres: kind => postgres.TYPES[kind].ddl }
}
