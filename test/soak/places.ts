import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { DestinationConfig } from '../support/destinations.ts'
import { withQuery } from '../support/dump.ts'

export type DatabaseKind = 'duckdb' | 'postgres'
export type Query = (sql: string) => Promise<Record<string, unknown>[]>

/** A warehouse of one life, and a folder for its reports. */
export interface Place {
  readonly destination: DestinationConfig
  readonly folder: string
  /** A connection of the soak's own, beside that of the program. */
  with<T>(work: (query: Query) => Promise<T>): Promise<T>
  drop(): Promise<void>
}

const SCHEMA = 'recharge'

/** @param server a Postgres on which databases may be made; of no use to DuckDB. */
export async function openPlace(kind: DatabaseKind, server: string): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), 'recharge-soak-'))
  const clean = (): void => rmSync(folder, { recursive: true, force: true })
  if (kind === 'duckdb') {
    const destination: DestinationConfig = { kind, file: join(folder, 'warehouse.duckdb'), schema: SCHEMA }
    return { destination, folder, with: work => withQuery(destination, work), drop: async () => clean() }
  }
  const name = `soak_${randomUUID().replaceAll('-', '')}`
  await administer(server, `create database ${name}`)
  const url = new URL(server)
  url.pathname = `/${name}`
  const destination: DestinationConfig = { kind, url: url.href, schema: SCHEMA }
  return {
    destination,
    folder,
    with: work =>
      withQuery(destination, async query => {
        // Whatever a hand has made the database's own.
        await query(`set datestyle = 'ISO, MDY'`)
        return await work(query)
      }),
    drop: async () => {
      await administer(server, `drop database ${name} with (force)`)
      clean()
    },
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
