import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Store } from '../../src/simulator/store.ts'
import {
  createDatabase,
  type DestinationConfig,
  dropDatabase,
  type TestDestination,
  withDatabase,
} from './destinations.ts'

/** Fills the warehouse. @returns the store that it was filled from, as it is afterwards. */
export type Load = (destination: DestinationConfig) => Promise<Store>

/** A warehouse and the store that it agrees with: each caller gets a copy of both, gone when `work` ends. */
export type FirstLoad = <T>(work: (destination: DestinationConfig, store: Store) => Promise<T>) => Promise<T>

const cleanups: (() => void | Promise<void>)[] = []

/** Drops the first loads of the test file that has ended. The next file makes its own. */
export async function dropFirstLoads(): Promise<void> {
  for (const cleanup of cleanups.splice(0)) await cleanup()
}

/**
 * A first load that is made once in a test file, when a test first asks for it, and copied for each test: what a test
 * does to its copy no other test sees.
 */
export function firstLoad(place: TestDestination, load: Load): FirstLoad {
  let original: Promise<Original> | null = null
  return async work => {
    if (original === null) {
      cleanups.push(() => {
        original = null
      })
      original = place.name === 'postgres' ? loadDatabase(load) : loadFile(place, load)
    }
    const { store, copy } = await original
    return await copy(destination => work(destination, store.copy()))
  }
}

interface Original {
  readonly store: Store
  copy<T>(work: (destination: DestinationConfig) => Promise<T>): Promise<T>
}

async function loadDatabase(load: Load): Promise<Original> {
  const { name, url } = await createDatabase()
  cleanups.push(() => dropDatabase(name))
  const config = { kind: 'postgres', url, schema: 'recharge' } as const
  const store = await load(config)
  return { store, copy: work => withDatabase(copied => work({ ...config, url: copied }), name) }
}

async function loadFile(place: TestDestination, load: Load): Promise<Original> {
  const folder = mkdtempSync(join(tmpdir(), 'recharge-sync-'))
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'warehouse.duckdb')
  const store = await load({ kind: 'duckdb', file, schema: 'recharge' })
  return {
    store,
    copy: work =>
      place.with(config => {
        if (config.kind !== 'duckdb') throw new Error(`${place.name} has no file to copy`)
        for (const end of ['', '.wal'])
          if (existsSync(`${file}${end}`)) copyFileSync(`${file}${end}`, `${config.file}${end}`)
        return work(config)
      }),
  }
}
