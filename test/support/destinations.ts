import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { inject } from 'vitest'
import type { DestinationConfig } from '../../src/load/open.ts'

export type { DestinationConfig } from '../../src/load/open.ts'

/** A kind of destination. `with` makes an empty one and deletes it when the callback ends. */
export interface TestDestination {
  readonly name: string
  with<T>(work: (config: DestinationConfig) => Promise<T>): Promise<T>
}

const SCHEMA = 'recharge'

/** Every database that the load supports. A new one needs one entry here. */
export const DESTINATIONS: readonly TestDestination[] = [
  {
    name: 'duckdb',
    with: work =>
      withFolder(folder => work({ kind: 'duckdb', file: join(folder, 'warehouse.duckdb'), schema: SCHEMA })),
  },
  { name: 'postgres', with: work => withDatabase(url => work({ kind: 'postgres', url, schema: SCHEMA })) },
]

/* The former names of both, until no test imports them. */
export const PLACES = DESTINATIONS
export type Place = TestDestination

/** A new temporary folder, deleted when the callback ends. */
export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'recharge-sync-'))
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A new database on the server of the test run, dropped when the callback ends. */
export async function withDatabase<T>(work: (url: string) => Promise<T>): Promise<T> {
  const server = inject('postgres')
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await administer(server, `create database ${name}`)
  const url = new URL(server)
  url.pathname = `/${name}`
  try {
    return await work(url.href)
  } finally {
    await administer(server, `drop database ${name} with (force)`)
  }
}

async function administer(server: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: server })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
