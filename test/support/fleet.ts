import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { STREAMS } from '../../src/cli/app.ts'
import { type Fleet, loadFleet } from '../../src/cli/config/fleet.ts'
import { fixturesOf } from '../../src/cli/fixtures.ts'
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/server.ts'
import { makeStore } from '../../src/simulator/story.ts'
import type { DestinationConfig } from './destinations.ts'

/** Made-up stores of a fleet: each has its own size, token, bucket and server. */
export interface Stores extends AsyncDisposable {
  readonly all: readonly { readonly name: string; readonly simulator: Simulator }[]
  /** The environment of the program: a token for each store. */
  readonly environment: Record<string, string>
}

/** @param options of the server of a store. */
export async function startStores(
  names: readonly string[],
  options: (name: string, i: number) => SimulatorOptions = () => ({}),
): Promise<Stores> {
  const all: { name: string; simulator: Simulator }[] = []
  for (const [i, name] of names.entries()) {
    const simulator = await startSimulator({
      store: makeStore({ customers: 3 + ((i * 7) % 23), months: 2, seed: i + 1 }),
      fixtures: fixturesOf(STREAMS),
      bucket: 1000,
      perSecond: 500,
      token: `sk_1x1_made_up_token_of_the_store_${name}`,
      ...options(name, i),
    })
    all.push({ name, simulator })
  }
  return {
    all,
    environment: Object.fromEntries(all.map(({ name, simulator }) => [`TOKEN_${name.toUpperCase()}`, simulator.token])),
    async [Symbol.asyncDispose]() {
      await Promise.all(all.map(({ simulator }) => simulator.close()))
    },
  }
}

const FILE = 'fleet.config.yaml'

/**
 * Writes the file of the fleet into the folder.
 * @param destination in Postgres each store has a schema with its name; in DuckDB a file.
 * @param settings of the fleet itself, and defaults.
 */
export function writeFleet(
  folder: string,
  { all }: Stores,
  destination: DestinationConfig,
  { defaults = {}, ...settings }: Record<string, unknown> = {},
): string {
  const stores = all.map(({ name, simulator }) => ({
    name,
    recharge: {
      token: `\${TOKEN_${name.toUpperCase()}}`,
      base_url: simulator.url,
      rate: { bucket: 1000, per_second: 500 },
    },
    ...(destination.kind === 'duckdb' ? { destination: { duckdb: `state/${name}.duckdb` } } : {}),
  }))
  const shared = destination.kind === 'postgres' ? { destination: { postgres: destination.url } } : {}
  const file = join(folder, FILE)
  writeFileSync(file, stringify({ defaults: { ...shared, ...(defaults as object) }, ...settings, stores }))
  return file
}

/** The fleet as the program reads it. */
export const fleetIn = (folder: string, { environment }: Stores): Fleet =>
  loadFleet(join(folder, FILE), STREAMS, environment)
