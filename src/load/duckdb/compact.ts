import { chmodSync, chownSync, renameSync, rmSync, statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { DestinationError, Interrupted } from '../../common/errors.ts'
import type { Compacted } from '../destination.ts'

/*
 * DuckDB uses the blocks of deleted rows again, and gives none back to the disk. What a large change has left behind goes
 * only by copying everything into a new file.
 */

/** When a copy pays: free blocks are more than this share of the file, and more than so many bytes. */
export const PAYS = { share: 1 / 2, bytes: 32 * 1024 * 1024 } as const

/** Name of the new file while it is attached. */
const COPY = '_recharge_sync_compact'
/** Share of the used bytes that has to be free on the disk, so that the copy does not fill it. */
const ROOM = 1.2

export interface CompactOptions {
  /** Name of the attached file, on which the connection works alone. It is the same afterwards. */
  readonly catalog: string
  /** The real path of the file. */
  readonly path: string
  /** The statement that attaches a file. */
  readonly attach: (path: string, catalog: string) => string
  /** `always`: also where it does not pay, to leave nothing of what was deleted. */
  readonly when: typeof PAYS | 'always'
}

/**
 * Replaces the file by a copy without free blocks, in one rename. The lock on the old file is held until the new one is in
 * its place, and the new one is locked from its beginning: no other process can write to either of them meanwhile. Whatever
 * ends this before the rename, the process too, leaves the old file as it was.
 * @returns null: it does not pay.
 * @throws {DestinationError} `not_compacted` and others: the file is as it was; `held`: it was replaced, and another process
 * opened it before this one could again. @throws {Interrupted}
 */
export async function compact(
  connection: DuckDBConnection,
  { catalog, path, attach, when }: CompactOptions,
  signal: AbortSignal,
): Promise<Compacted | null> {
  await connection.run(`checkpoint ${catalog}`)
  const { used, free } = await blocksOf(connection, catalog)
  if (when !== 'always' && (free <= when.bytes || free <= when.share * (used + free))) return null
  await refuse(connection, catalog, path, used)
  const part = `${path}.compact`
  removeFiles(part)
  const before = statSync(path)
  const interrupt = (): void => connection.interrupt()
  let isAttached = false
  try {
    signal.throwIfAborted()
    signal.addEventListener('abort', interrupt, { once: true })
    await connection.run(attach(part, COPY))
    isAttached = true
    await connection.run(`copy from database ${catalog} to ${COPY}`)
    await connection.run(`checkpoint ${COPY}`)
    await compare(connection, catalog)
    signal.removeEventListener('abort', interrupt)
    signal.throwIfAborted()
    chmodSync(part, before.mode & 0o777)
    // Only root may give a file to somebody else; another user owns what he makes.
    if (process.getuid?.() === 0) chownSync(part, before.uid, before.gid)
    renameSync(part, path)
  } catch (error) {
    signal.removeEventListener('abort', interrupt)
    if (isAttached) await connection.run(`detach ${COPY}`).catch(() => {})
    removeFiles(part)
    throw signal.aborted ? new Interrupted() : error
  }
  // The old file first: while the new one is locked by its other name, nobody writes a log that this would remove.
  for (const statement of [
    'use memory',
    `detach ${catalog}`,
    `detach ${COPY}`,
    attach(path, catalog),
    `use ${catalog}`,
  ])
    await connection.run(statement)
  return { before: before.size, after: statSync(path).size }
}

const removeFiles = (part: string): void => {
  for (const file of [part, `${part}.wal`]) rmSync(file, { force: true })
}

/** Bytes of the blocks that are used, and of those that are not. */
async function blocksOf(connection: DuckDBConnection, catalog: string) {
  const found = await connection.runAndReadAll(
    `select block_size * used_blocks, block_size * free_blocks from pragma_database_size() where database_name = $1`,
    [catalog],
  )
  const [[used, free] = []] = found.getRowsJS()
  return { used: Number(used), free: Number(free) }
}

/** @throws {DestinationError} `not_compacted` where a copy would fail, or fill the disk. */
async function refuse(connection: DuckDBConnection, catalog: string, path: string, used: number): Promise<void> {
  const refusal = (why: string, next?: string) =>
    new DestinationError('not_compacted', `${path}: ${why}`, undefined, next)
  if (process.platform === 'win32') throw refusal('Windows lets nobody replace a file that is open')
  const { bavail, bsize } = statfsSync(dirname(path))
  if (bavail * bsize < ROOM * used)
    throw refusal(
      `the copy needs ${Math.ceil((ROOM * used) / 1e6)} MB on the same disk, and there is less`,
      'Make room on the disk.',
    )
  const foreign = await connection.runAndReadAll(
    `select schema_name || '.' || table_name from duckdb_constraints() where database_name = $1 and constraint_type = 'FOREIGN KEY'`,
    [catalog],
  )
  const [[table] = []] = foreign.getRowsJS()
  if (table !== undefined)
    throw refusal(
      `${table} has a foreign key, with which DuckDB copies no database`,
      `Drop the foreign key of ${table}.`,
    )
}

/** @throws {DestinationError} `not_compacted`: something is not in the copy, or otherwise. */
async function compare(connection: DuckDBConnection, catalog: string): Promise<void> {
  const [original, copied] = [await contentsOf(connection, catalog), await contentsOf(connection, COPY)]
  const missing = original.find((line, i) => line !== copied[i]) ?? copied[original.length]
  if (missing !== undefined)
    throw new DestinationError('not_compacted', `the copy differs from the file: ${missing.slice(0, 200)}`)
}

/** Everything with a name in a file, a line each, with its definition, its comment and the number of its rows. */
async function contentsOf(connection: DuckDBConnection, catalog: string): Promise<readonly string[]> {
  const named = await connection.runAndReadAll(
    `select 'table', schema_name, table_name, sql, comment from duckdb_tables() where database_name = $1
     union all select 'view', schema_name, view_name, sql, comment from duckdb_views() where database_name = $1 and not internal
     union all select 'column', schema_name, table_name, column_name || ' ' || data_type, comment
       from duckdb_columns() where database_name = $1 and not internal
     union all select 'index', schema_name, index_name, sql, comment from duckdb_indexes() where database_name = $1
     union all select 'sequence', schema_name, sequence_name, null, comment from duckdb_sequences() where database_name = $1
     union all select 'macro', schema_name, function_name, macro_definition, comment
       from duckdb_functions() where database_name = $1 and not internal
     union all select 'type', schema_name, type_name, null, comment from duckdb_types() where database_name = $1 and not internal`,
    [catalog],
  )
  const lines = named.getRowsJS().map(row => row.map(String))
  const counted: string[] = []
  for (const [kind, schema = '', name = ''] of lines) {
    if (kind !== 'table') continue
    const table = [catalog, schema, name].map(part => `"${part.replaceAll('"', '""')}"`).join('.')
    const [[rows] = []] = (await connection.runAndReadAll(`select count(*) from ${table}`)).getRowsJS()
    counted.push(`${schema}.${name}: ${rows} rows`)
  }
  return [...lines.map(line => line.join(' ')), ...counted].sort()
}
