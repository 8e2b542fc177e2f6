import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { inject } from 'vitest'
import type { Config } from '../../src/cli/config/load.ts'

export type DestinationConfig = Config['destination']

/** One place to write to, gone when the callback ends. */
export interface Place {
  readonly name: string
  with<T>(work: (config: DestinationConfig) => Promise<T>): Promise<T>
}

const SCHEMA = 'recharge'

/** Every database that a destination exists for. A new one is one entry here. */
export const PLACES: readonly Place[] = [
  {
    name: 'duckdb',
    with: work =>
      withFolder(folder => work({ kind: 'duckdb', file: join(folder, 'warehouse.duckdb'), schema: SCHEMA })),
  },
  { name: 'postgres', with: work => withDatabase(url => work({ kind: 'postgres', url, schema: SCHEMA })) },
]

export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'recharge-sync-'))
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A database of its own on the server of the run. */
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
