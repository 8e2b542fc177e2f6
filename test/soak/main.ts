import { embedded } from '../support/postgres-server.ts'
import { KNOWN } from './known.ts'
import type { DatabaseKind } from './places.ts'
import { type SoakOptions, soak } from './soak.ts'
import { tableOf } from './table.ts'

/*
 * npm run soak
 *
 *   SOAK_RUNS      runs on each database; 1000 if not said
 *   SOAK_SEED      what everything is drawn from; a new one each time if not said
 *   SOAK_LIFE      only this life, to see again what a line of the output tells of
 *   SOAK_DATABASE  duckdb or postgres; both if not said
 *   SOAK_KNOWN     cases to leave out, such as K1/1,K4/15; those of known.ts if not said, none if empty
 *   SOAK_ONLY      names of bends and hands, with nothing else being done
 *   SOAK_LATENCY   milliseconds that each answer takes; from 100 on, lists are read ahead. None if not said
 */
const { SOAK_RUNS, SOAK_SEED, SOAK_LIFE, SOAK_DATABASE, SOAK_KNOWN, SOAK_ONLY, SOAK_LATENCY, TEST_DATABASE_URL } =
  process.env
const names = (text: string): string[] => text.split(',').filter(name => name !== '')

const seed = Number(SOAK_SEED ?? Math.floor(Math.random() * 1e9))
console.log(`seed ${seed}`)
const databases: readonly DatabaseKind[] =
  SOAK_DATABASE === 'duckdb' || SOAK_DATABASE === 'postgres' ? [SOAK_DATABASE] : ['duckdb', 'postgres']
const own = databases.includes('postgres') && !TEST_DATABASE_URL ? await embedded() : null
let lies = 0
try {
  for (const database of databases) {
    const options: SoakOptions = {
      database,
      server: TEST_DATABASE_URL ?? own?.url ?? '',
      seed,
      runs: Number(SOAK_RUNS ?? 1000),
      life: SOAK_LIFE === undefined ? null : Number(SOAK_LIFE),
      known: SOAK_KNOWN === undefined ? KNOWN : new Set(names(SOAK_KNOWN)),
      only: SOAK_ONLY === undefined ? null : new Set(names(SOAK_ONLY)),
      latencyMs: Number(SOAK_LATENCY ?? 0),
      log: line => console.log(line),
    }
    const soaked = await soak(options)
    lies += soaked.lies.length
    console.log(`\n${tableOf(soaked, options)}\n`)
  }
} finally {
  await own?.stop()
}
process.exit(lies === 0 ? 0 : 1)
