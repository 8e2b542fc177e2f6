import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { inject } from 'vitest'
import type { Store } from '../../src/simulator/store.ts'
import {
  createDatabase,
  type DestinationConfig,
  dropDatabase,
  type TestDestination,
  withDatabase,
} from './destinations.ts'

const SCHEMA = 'recharge'

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
  const store = await load({ kind: 'postgres', url, schema: SCHEMA })
  return { store, copy: work => withCopyOfDatabase(name, work) }
}

async function loadFile(place: TestDestination, load: Load): Promise<Original> {
  const folder = mkdtempSync(join(tmpdir(), 'recharge-sync-'))
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, FILE)
  const store = await load({ kind: 'duckdb', file, schema: SCHEMA })
  return { store, copy: work => withCopyOfFile(place, file, work) }
}

type Work<T> = (destination: DestinationConfig) => Promise<T>

const withCopyOfDatabase = <T>(name: string, work: Work<T>): Promise<T> =>
  withDatabase(url => work({ kind: 'postgres', url, schema: SCHEMA }), name)

const withCopyOfFile = <T>(place: TestDestination, file: string, work: Work<T>): Promise<T> =>
  place.with(config => {
    if (config.kind !== 'duckdb') throw new Error(`${place.name} has no file to copy`)
    for (const end of ['', '.wal'])
      if (existsSync(`${file}${end}`)) copyFileSync(`${file}${end}`, `${config.file}${end}`)
    return work(config)
  })

/**
 * As `firstLoad`, for a load that several test files use: it is made once in a run of the tests, by the file that asks
 * first, and the others wait for it.
 * @param name of the load, the same in each file.
 */
export function sharedLoad(name: string, place: TestDestination, load: Work<void>): <T>(work: Work<T>) => Promise<T> {
  return async work => {
    const folder = join(inject('sharedLoads'), `${name}-${place.name}`)
    if (isFirst(folder)) await loadInto(folder, place, load)
    while (!existsSync(join(folder, LOADED))) {
      if (existsSync(join(folder, FAILED)))
        throw new Error(`the load ${name} failed in another test file: ${readFileSync(join(folder, FAILED), 'utf8')}`)
      await setTimeout(100)
    }
    return place.name === 'postgres'
      ? await withCopyOfDatabase(readFileSync(join(folder, LOADED), 'utf8'), work)
      : await withCopyOfFile(place, join(folder, FILE), work)
  }
}

const FILE = 'warehouse.duckdb'
/** Holds the name of the database. */
const LOADED = 'loaded'
const FAILED = 'failed'

/** Whether nobody has made the folder before. */
function isFirst(folder: string): boolean {
  try {
    mkdirSync(folder)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

async function loadInto(folder: string, place: TestDestination, load: Work<void>): Promise<void> {
  try {
    let database = ''
    if (place.name === 'postgres') {
      const { name, url } = await createDatabase()
      await load({ kind: 'postgres', url, schema: SCHEMA })
      database = name
    } else await load({ kind: 'duckdb', file: join(folder, FILE), schema: SCHEMA })
    writeFileSync(join(folder, `${LOADED}.part`), database)
    renameSync(join(folder, `${LOADED}.part`), join(folder, LOADED))
  } catch (error) {
    writeFileSync(join(folder, FAILED), String(error))
    throw error
  }
}
