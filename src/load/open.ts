import { Salt } from '../schema/salt.ts'
import type { Stream } from '../schema/stream.ts'
import type { Warehouse } from './destination.ts'
import { createWarehouse } from './sql/warehouse.ts'

export type DestinationConfig =
  | { readonly kind: 'duckdb'; readonly file: string; readonly schema: string }
  | { readonly kind: 'postgres'; readonly url: string; readonly schema: string }

export interface OpenOptions {
  readonly mode: 'read' | 'write'
  /** Transactions at once, where the database has more than one. */
  readonly connections: number
  /** Streams of which every version is kept. */
  readonly history?: readonly Stream[]
  /** Given the warehouse's salt as soon as the tables are prepared. */
  readonly salt?: Salt
}

/** Where rows go. The driver is loaded with it, so that nobody pays for one they do not use. */
export async function openDestination(
  config: DestinationConfig,
  { mode, connections, history = [], salt = new Salt() }: OpenOptions,
): Promise<Warehouse> {
  switch (config.kind) {
    case 'duckdb': {
      const { openDuckdb } = await import('./duckdb/engine.ts')
      return createWarehouse(await openDuckdb({ file: config.file, mode }), config.schema, history, salt)
    }
    case 'postgres': {
      const { openPostgres } = await import('./postgres/engine.ts')
      return createWarehouse(
        openPostgres({ url: config.url, schema: config.schema, connections }),
        config.schema,
        history,
        salt,
      )
    }
  }
}
