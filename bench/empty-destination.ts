import { fork } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { DestinationConfig } from '../src/load/open.ts'
import { answer } from './sync-process.ts'

/** An empty destination to load into. */
export interface EmptyDestination {
  readonly into: DestinationConfig
  /** The same in the form of the configuration. */
  readonly yaml: string
}

/** Opens an empty destination for `work` and removes it afterwards: a database server is still busy long after a load. */
export async function withEmptyDestination<T>(
  destination: string,
  folder: string,
  work: (destination: EmptyDestination) => Promise<T>,
): Promise<T> {
  if (destination === 'duckdb') {
    const file = join(folder, 'warehouse.duckdb')
    try {
      return await work({ into: { kind: 'duckdb', file, schema: 'recharge' }, yaml: 'duckdb: warehouse.duckdb' })
    } finally {
      rmSync(file, { force: true })
    }
  }
  const server = fork(fileURLToPath(new URL('../test/support/postgres-process.ts', import.meta.url)))
  try {
    const url = await answer<string>(server)
    return await work({ into: { kind: 'postgres', url, schema: 'recharge' }, yaml: `postgres: ${url}` })
  } finally {
    server.disconnect()
    await once(server, 'exit')
  }
}
