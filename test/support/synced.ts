import { expect } from 'vitest'
import type { Config } from '../../src/cli/config/load.ts'
import type { Simulator, SimulatorOptions } from '../../src/simulator/server.ts'
import { type DestinationConfig, type TestDestination, withFolder } from './destinations.ts'
import { withQuery } from './dump.ts'
import { type FirstLoad, firstLoad } from './first-load.ts'
import { configFor, makeStore, runSync, withSimulator } from './run.ts'

export interface Synced {
  readonly simulator: Simulator
  readonly config: Config
  readonly destination: DestinationConfig
  /** Runs SQL in the warehouse, on another connection than the program's. */
  readonly sql: (statement: string) => Promise<Record<string, unknown>[]>
}

const loads = new Map<string, FirstLoad>()

/**
 * A store and a warehouse that agree in these streams. Tests of a file that ask for the same streams under the same
 * options share the first load; one that brings a store of its own has a load of its own.
 */
export async function synced(
  place: TestDestination,
  streams: readonly string[],
  work: (synced: Synced) => Promise<void>,
  { store: own, ...options }: SimulatorOptions = {},
): Promise<void> {
  const make = (): FirstLoad =>
    firstLoad(place, destination =>
      withSimulator({ ...options, store: own ?? makeStore({ customers: 40, months: 7 }) }, simulator =>
        withFolder(async folder => {
          const ran = await runSync(configFor(simulator, destination, folder), streams)
          expect(ran.code, ran.text).toBe(0)
          return simulator.store
        }),
      ),
    )
  const which = JSON.stringify([place.name, streams, options])
  const load = own ? make() : (loads.get(which) ?? make())
  if (!own) loads.set(which, load)
  await load((destination, store) =>
    withSimulator({ ...options, store }, simulator =>
      withFolder(async folder => {
        const config = configFor(simulator, destination, folder)
        const sql = (statement: string) => withQuery(destination, query => query(statement))
        await work({ simulator, config, destination, sql })
      }),
    ),
  )
}

export const idsOf = (rows: readonly Record<string, unknown>[]): number[] => rows.map(({ id }) => Number(id))
