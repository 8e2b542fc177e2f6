import { expect } from 'vitest'
import type { Config } from '../../src/cli/config/load.ts'
import type { Simulator, SimulatorOptions } from '../../src/simulator/server.ts'
import { type DestinationConfig, type Place, withFolder } from './destinations.ts'
import { withQuery } from './dump.ts'
import { configFor, makeStore, runSync, withSimulator } from './run.ts'

export interface Synced {
  readonly simulator: Simulator
  readonly config: Config
  readonly destination: DestinationConfig
  /** Runs SQL in the warehouse, on another connection than the program's. */
  readonly sql: (statement: string) => Promise<Record<string, unknown>[]>
}

/** Runs `work` with a store and a warehouse into which these streams were synced. */
export async function synced(
  place: Place,
  streams: readonly string[],
  work: (synced: Synced) => Promise<void>,
  options: SimulatorOptions = {},
): Promise<void> {
  await withSimulator({ store: makeStore({ customers: 40, months: 7 }), ...options }, simulator =>
    place.with(destination =>
      withFolder(async folder => {
        const config = configFor(simulator, destination, folder)
        const ran = await runSync(config, streams)
        expect(ran.code, ran.text).toBe(0)
        const sql = (statement: string) => withQuery(destination, query => query(statement))
        simulator.clearRequests()
        await work({ simulator, config, destination, sql })
      }),
    ),
  )
}

export const idsOf = (rows: readonly Record<string, unknown>[]): number[] => rows.map(({ id }) => Number(id))
