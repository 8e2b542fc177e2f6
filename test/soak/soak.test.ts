import { expect, inject, test } from 'vitest'
import { KNOWN } from './known.ts'
import type { DatabaseKind } from './places.ts'
import { type SoakOptions, soak } from './soak.ts'
import { tableOf } from './table.ts'

const { TEST_LONG, SOAK_RUNS, SOAK_SEED, SOAK_LIFE } = process.env
const LONG = TEST_LONG === '1'
/** A fixed seed, so that a change is judged by the same lives as the one before it; in the long test a new one each time. */
const SEED = Number(SOAK_SEED ?? (LONG ? Math.floor(Math.random() * 1e9) : 20261129))
const RUNS = Number(SOAK_RUNS ?? (LONG ? 1000 : 16))

const options = (database: DatabaseKind): SoakOptions => ({
  database,
  server: inject('postgres'),
  seed: SEED,
  runs: RUNS,
  life: SOAK_LIFE === undefined ? null : Number(SOAK_LIFE),
  known: KNOWN,
  only: null,
  latencyMs: 0,
  log: line => console.log(line),
})

test.each<DatabaseKind>(['duckdb', 'postgres'])(
  `${RUNS} runs from seed ${SEED} into %s, and nothing is called complete that is not`,
  async database => {
    const given = options(database)
    const soaked = await soak(given)
    console.log(tableOf(soaked, given))
    expect(soaked.lies).toEqual([])
    // It did something: a soak in which nothing happens finds nothing.
    expect(soaked.runs).toBe(given.life === null ? RUNS : soaked.runs)
    expect(soaked.bends.size).toBeGreaterThan(LONG ? 40 : 5)
  },
  LONG ? 3_600_000 : 240_000,
)
