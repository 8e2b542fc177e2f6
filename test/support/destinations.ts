import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { inject } from 'vitest'
import type { DestinationConfig } from '../../src/load/open.ts'
import { LONG, rounds } from './rounds.ts'

export type { DestinationConfig } from '../../src/load/open.ts'

/** A kind of destination. `with` makes an empty one and deletes it when the callback ends. */
export interface TestDestination {
  readonly name: string
  with<T>(work: (config: DestinationConfig) => Promise<T>): Promise<T>
}

const SCHEMA = 'recharge'

const POSTGRES: TestDestination = {
  name: 'postgres',
  with: work => withDatabase(url => work({ kind: 'postgres', url, schema: SCHEMA })),
}

/**
 * Every database that the load supports. A new one needs an entry here, a connection of the test's own in `dump.ts`, a way
 * to copy it in `first-load.ts`, and its engine in `commit-and-die.ts`.
 */
export const DESTINATIONS: readonly TestDestination[] = [
  {
    name: 'duckdb',
    with: work =>
      withFolder(folder => work({ kind: 'duckdb', file: join(folder, 'warehouse.duckdb'), schema: SCHEMA })),
  },
  POSTGRES,
]

/** For tests in which the database plays no part, as what reads the API knows none. It takes less of the processor. */
export const CHEAP_DESTINATION: TestDestination = POSTGRES

/** The cheap one; in a long run all. For dear tests of which cheaper ones compare all databases, too. */
export const ANY_DESTINATION = rounds([CHEAP_DESTINATION], DESTINATIONS)

/**
 * For the tests of a whole run, whose statements many files go through: one of the databases, which the seed draws for each
 * file on its own. So each run of the tests has both, in about half of these files each. A long run takes both in all.
 */
export function drawDestination(): readonly TestDestination[] {
  const drawn = Math.floor(Math.random() * DESTINATIONS.length)
  return LONG ? DESTINATIONS : DESTINATIONS.slice(drawn, drawn + 1)
}

/** A new temporary folder, deleted when the callback ends. */
export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'recharge-sync-'))
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A database of its own on the server of the run: an empty one, or a copy of `template`, to which nobody is connected. */
export async function withDatabase<T>(work: (url: string) => Promise<T>, template?: string): Promise<T> {
  const { name, url } = await createDatabase(template)
  try {
    return await work(url)
  } finally {
    await dropDatabase(name)
  }
}

export async function createDatabase(template = 'template1'): Promise<{ name: string; url: string }> {
  const name = `test_${randomUUID().replaceAll('-', '')}`
  // The other strategy, the default, writes every page to the log.
  await administer(`create database ${name} template ${template} strategy file_copy`)
  const url = new URL(inject('postgres'))
  url.pathname = `/${name}`
  return { name, url: url.href }
}

export const dropDatabase = (name: string): Promise<void> => administer(`drop database ${name} with (force)`)

/** One connection for each process that runs tests, to the server of the run: Postgres starts a process for each. */
let administration: Promise<pg.Client> | null = null

async function administer(statement: string): Promise<void> {
  administration ??= connect(inject('postgres'))
  await (await administration).query(statement)
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  // Without a listener the end of the server would end this process.
  client.on('error', () => {
    administration = null
  })
  return client
}
