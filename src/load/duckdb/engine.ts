import { chmodSync, constants, existsSync, realpathSync, rmSync } from 'node:fs'
import { access } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { type CompiledQuery, Kysely, type RawBuilder, sql } from 'kysely'
import { DestinationError } from '../../common/errors.ts'
import { makeFolder } from '../../common/make-folder.ts'
import type { TableColumn } from '../../schema/table.ts'
import type { CatalogEntry, Engine, Relation } from '../sql/engine.ts'
import type { SystemTables } from '../sql/system-tables.ts'
import { answer } from './answer.ts'
import { append, type Layouts } from './append.ts'
import { compact, PAYS } from './compact.ts'
import { dependentsOf } from './dependents.ts'
import { describeColumns } from './describe-columns.ts'
import { dialectOn } from './dialect.ts'
import { isRefusal, translate, unopened } from './errors.ts'
import { replaceCopy } from './read-copy.ts'
import { TYPES } from './types.ts'

export interface DuckdbOptions {
  readonly file: string
  /** `read` creates no file, and other processes may read it too. */
  readonly mode: 'read' | 'write'
  /** File that `replaceReadCopy` replaces. Default: there is none. */
  readonly readCopy?: string
}

/*
 * Size of the write-ahead log at which DuckDB makes a checkpoint. DuckDB also keeps the log in memory until then, and each
 * checkpoint compresses the last row group of every table again. If commits are small, because records are narrow or the
 * API is slow, a short log saves memory. Commits are large if wide records arrive faster than they are committed: then a
 * checkpoint takes more memory than a long log, and fewer checkpoints save a third of DuckDB's work. The long log is half
 * of `memory_limit`: with a longer one, rows that wait for their checkpoint go to temporary files, 64 KB at a time.
 */
const LOG = { short: '16MB', long: '128MB' } as const
/** A commit with at least so many bytes of rows is large. */
const LARGE_COMMIT = 8 * 1024 * 1024

/*
 * One thread: two load no faster, and take a quarter more CPU and more memory. With 96 MB of memory a checkpoint of all
 * streams' tables fails. Extensions are never downloaded: all that is used is built in.
 */
const SETTINGS = {
  threads: '1',
  memory_limit: '256MB',
  checkpoint_threshold: LOG.short,
  autoinstall_known_extensions: 'false',
  autoload_known_extensions: 'false',
} as const

/*
 * Rows in a row group, a quarter of the default. Each checkpoint writes a group that is not full again, all of it and first
 * in memory, and many checkpoints come before a group of wide rows is full.
 */
const ROW_GROUP = 30_720
/*
 * Bytes in a block of a new file, a quarter of the default. Each column of each table keeps a block in memory for appended
 * values, however few there are. With half of this size, wide columns took twice the space in the file.
 */
const BLOCK = 65_536
/** Name of the attached file in DuckDB. The file's own name could equal that of a schema; DuckDB could not tell them apart. */
const CATALOG = '_recharge_sync'

/** Files open in this process. The lock of the operating system is for a process, so opening a file twice would lose data. */
const open = new Set<string>()

/**
 * The engine for DuckDB. Runs transactions one after the other, on one connection.
 * @throws {DestinationError} `held` if another process, or this one, has the file open; `denied` if it cannot be opened.
 */
export async function openDuckdb({ file, mode, readCopy }: DuckdbOptions): Promise<Engine> {
  const path = mode === 'read' && !existsSync(file) ? ':memory:' : resolvePath(file)
  if (open.has(path)) throw new DestinationError('held', `${path} is already open in this process`)
  const readOnly = mode === 'read' && path !== ':memory:'
  // Before the first await, so that of two openings at the same time the second is refused.
  if (path !== ':memory:') open.add(path)
  const instance = await attach(path, readOnly).catch(error => {
    open.delete(path)
    throw error
  })
  const connect = async () => {
    const connection = await instance.connect()
    await connection.run(`use ${CATALOG}`)
    await connection.run(`set TimeZone = 'UTC'`)
    return connection
  }
  /** A connection for transactions. */
  const begin = async () => {
    const connection = await connect()
    return { connection, db: new Kysely<SystemTables>({ dialect: dialectOn(connection) }) }
  }
  let session = await begin()
  const layouts: Layouts = new Map()
  let log: keyof typeof LOG = 'short'
  const limitLog = async (wanted: keyof typeof LOG): Promise<void> => {
    if (wanted === log) return
    await session.connection.run(`set checkpoint_threshold = '${LOG[wanted]}'`)
    log = wanted
  }
  let queue: Promise<unknown> = Promise.resolve()
  const runAll = async (db: Kysely<SystemTables>, statements: readonly CompiledQuery[]): Promise<void> => {
    for (const statement of statements) await db.executeQuery(statement)
  }
  /**
   * Commits by a checkpoint alone. The log would hold the expression of a converted column: DuckDB 1.5.5 replays that when
   * the file is attached, as here, and fails with an internal error when somebody opens the file by itself.
   */
  const commitWithoutLog = async (used: DuckDBConnection): Promise<void> => {
    await used.run(`set auto_checkpoint_skip_wal_threshold = 0; set checkpoint_threshold = '0B'`)
    try {
      await used.run('commit')
    } finally {
      // An error of the commit is thrown, and not one of this.
      await used
        .run(`reset auto_checkpoint_skip_wal_threshold; set checkpoint_threshold = '${LOG[log]}'`)
        .catch(() => {})
    }
  }

  return {
    transaction(work) {
      const done = queue.then(async () => {
        const { connection: used, db } = session
        try {
          await used.run(readOnly ? 'begin transaction read only' : 'begin transaction')
          let written = 0
          let isConverted = false
          const result = await work({
            db,
            append: async (target, columns, blocks) => {
              const bytes = await append(used, layouts, target, columns, blocks)
              if (target.schema !== null) written += bytes
            },
            createTempTable: (table, columns) => createTempTable(used, table, columns),
            withIndexScans: work => work(),
            // Always true: the merge itself reads only the row groups whose least and greatest value allow a key.
            mayContainKeys: async columns => columns.map(() => true),
            relations: schema => relationsIn(used, schema),
            referencedTables: async () => new Set(),
            // One process has the file, and one transaction is at work in it.
            withLockTimeout: work => work(),
            longDdl: statements => runAll(db, statements),
            alterColumns: async statements => {
              layouts.clear()
              isConverted = true
              await runAll(db, statements)
            },
            // Nothing can be tried in a file that is only read.
            dependents: async (schema, table, column, ours) =>
              readOnly ? [] : await dependentsOf(await connect(), CATALOG, { schema, table, column }, ours),
            catalog: schemas => catalogOf(used, schemas),
            // A view is only text, and there are no rights.
            viewUsers: async () => [],
            grantsOn: async () => [],
          })
          if (written > 0) await limitLog(written < LARGE_COMMIT ? 'short' : 'long')
          await (isConverted ? commitWithoutLog(used) : used.run('commit'))
          if (written > 0 && log === 'short') await releaseMemory(used)
          return result
        } catch (error) {
          await used.run('rollback').catch(() => {})
          // A failed appender would abort the next transaction on its connection, so the connection is replaced.
          used.closeSync()
          session = await begin()
          throw translate(error)
        }
      })
      queue = done.catch(() => {})
      return done
    },

    async answer(question, schemas, signal) {
      if (path === ':memory:')
        throw new DestinationError(
          'file_missing',
          `there is no file ${file}`,
          undefined,
          'Run `sync` first: it makes the file. Or name another one in destination.duckdb.',
        )
      // The settings of the answer would be those of every commit that follows.
      if (!readOnly) throw new Error('a query needs a file that is open for reading')
      return await answer(await connect(), CATALOG, question, schemas, signal)
    },
    describeColumns: schemas => describeColumns(session.connection, CATALOG, schemas),

    // A process that has the file open for writing keeps every other process out.
    acquireLock: async () => {},
    lost: new AbortController().signal,

    columnType: kind => sql.raw(TYPES[kind].ddl),
    catalogType: kind => TYPES[kind].inCatalog,
    // No index: with one, 250 scattered rows into a million took seconds, and the file grew by two fifths.
    withPrimaryKey: create => create,
    createIndex: () => null,
    lockTable: () => null,
    viewsHold: false,
    isRefusal,
    jsonAsText,
    jsonElements: list => sql`(select unnest(range(cast(json_array_length(${list}) as bigint))) as "index",
      unnest(json_extract(${list}, '$[*]')) as element)`,
    jsonMember: (object, name) => {
      const value = sql`(${object} -> ${sql.lit(name)})`
      const number = sql`try_cast(${value} as decimal(28, 10))`
      return sql`case when json_type(${value}) = 'DOUBLE' and ${number} is not null
        then rtrim(rtrim(cast(${number} as text), '0'), '.') else ${jsonAsText(value)} end`
    },
    lockHolders: async () => [],
    async checkAccess() {
      // DuckDB writes its log beside the file, so the folder must be writable too.
      for (const target of [...(existsSync(file) ? [file] : []), nearestFolder(file)])
        await access(target, constants.W_OK).catch(error => {
          throw new DestinationError(
            'denied',
            `${target} cannot be written`,
            error,
            `Give this user the right to write ${target}.`,
          )
        })
      return []
    },

    async finalize() {
      await queue
      await session.connection.run('checkpoint').catch(error => {
        throw translate(error)
      })
    },

    compact(signal) {
      if (readOnly || path === ':memory:') return Promise.resolve(null)
      const done = queue.then(async () => {
        try {
          return await compact(
            session.connection,
            { catalog: CATALOG, path, attach: attachStatement, when: PAYS },
            signal,
          )
        } catch (error) {
          throw translate(error)
        }
      })
      queue = done.catch(() => {})
      return done
    },

    rewrite(_tables, signal) {
      const done = queue.then(async () => {
        try {
          await compact(session.connection, { catalog: CATALOG, path, attach: attachStatement, when: 'always' }, signal)
        } catch (error) {
          throw translate(error)
        }
        // Temporary files of a run that was killed.
        rmSync(`${path}.tmp`, { recursive: true, force: true })
        return []
      })
      queue = done.catch(() => {})
      return done
    },

    replaceReadCopy(signal) {
      if (readCopy === undefined || mode === 'read') return Promise.resolve(null)
      // No transaction begins meanwhile, so that the file stays as the checkpoint leaves it.
      const done = queue.then(async () => {
        await session.connection.run('checkpoint').catch(error => {
          throw translate(error)
        })
        return { bytes: await replaceCopy(path, readCopy, signal) }
      })
      queue = done.catch(() => {})
      return done
    },

    async [Symbol.asyncDispose]() {
      await queue
      session.connection.closeSync()
      instance.closeSync()
      open.delete(path)
    },
  }
}

/**
 * Commits, and even more so checkpoints, take memory in small pieces, which the allocator keeps. Setting the memory limit
 * again returns them to the system. It may fail: the commit has taken effect.
 */
async function releaseMemory(connection: DuckDBConnection): Promise<void> {
  await connection.run(`set memory_limit = '${SETTINGS.memory_limit}'`).catch(() => {})
}

/** Opens the file by ATTACH, since only ATTACH takes the number of rows in a row group. */
async function attach(path: string, readOnly: boolean): Promise<DuckDBInstance> {
  // Temporary files lie beside the file, where there is space, and not in the working directory.
  const spill = path === ':memory:' ? {} : { temp_directory: `${path}.tmp` }
  const instance = await DuckDBInstance.create(':memory:', { ...SETTINGS, ...spill })
  const isNew = !existsSync(path)
  try {
    const connection = await instance.connect()
    await connection.run(attachStatement(path, CATALOG, readOnly))
    connection.closeSync()
    // Of a file that was there, its owner has decided who may read it.
    if (isNew && path !== ':memory:') chmodSync(path, 0o600)
    return instance
  } catch (error) {
    instance.closeSync()
    throw unopened(path, error)
  }
}

function attachStatement(path: string, catalog: string, readOnly = false): string {
  // A file keeps the block size that it was created with.
  const block = existsSync(path) ? [] : [`block_size ${BLOCK}`]
  // Without the type DuckDB would look for an extension that reads a SQLite file.
  const options = ['type duckdb', `row_group_size ${ROW_GROUP}`, ...block, ...(readOnly ? ['read_only'] : [])]
  return `attach '${path.replaceAll("'", "''")}' as ${catalog} (${options.join(', ')})`
}

/** Replaces a table of the same name. To empty it instead would keep the space of deleted rows until the run ends. */
async function createTempTable(
  connection: DuckDBConnection,
  table: string,
  columns: readonly TableColumn[],
): Promise<void> {
  const fields = columns.map(({ name, kind }) => `"${name}" ${TYPES[kind].ddl}`)
  await connection.run(`create or replace temporary table "${table}" (${fields.join(', ')})`)
}

async function relationsIn(connection: DuckDBConnection, schema: string): Promise<ReadonlyMap<string, Relation>> {
  const found = await connection.runAndReadAll(
    `select lower(t.table_name), any_value(t.table_type), list(c.column_name order by c.ordinal_position)
     from information_schema.tables t join information_schema.columns c using (table_catalog, table_schema, table_name)
     where table_catalog = '${CATALOG}' and table_schema = $1 group by t.table_name`,
    [schema],
  )
  return new Map(
    found.getRowsJS().map(([name, type, columns]) => [
      String(name),
      {
        kind: type === 'BASE TABLE' ? 'table' : String(type).toLowerCase(),
        columns: Array.isArray(columns) ? columns.map(String) : [],
        indexed: [],
      },
    ]),
  )
}

const jsonAsText = (value: RawBuilder<unknown>): RawBuilder<unknown> =>
  sql`case json_type(${value}) when 'VARCHAR' then ${value} ->> '$' when 'NULL' then null
    else nullif(nullif(cast(${value} as text), '{}'), '[]') end`

async function catalogOf(
  connection: DuckDBConnection,
  schemas: readonly string[],
): Promise<ReadonlyMap<string, CatalogEntry>> {
  const among = schemas.map(schema => `'${schema.replaceAll("'", "''")}'`).join(', ')
  const found = await connection.runAndReadAll(
    `select e.schema_name || '.' || lower(e.name), e.kind, e.comment, list(c.column_name order by c.column_index)
     from (
       select schema_name, table_name as name, 'table' as kind, comment from duckdb_tables() where database_name = '${CATALOG}'
       union all
       select schema_name, view_name, 'view', comment from duckdb_views() where database_name = '${CATALOG}'
     ) as e
     join duckdb_columns() as c on c.database_name = '${CATALOG}' and c.schema_name = e.schema_name and c.table_name = e.name
     where e.schema_name in (${among}) group by all`,
  )
  return new Map(
    found.getRowsJS().map(([name, kind, comment, columns]) => [
      String(name),
      {
        kind: String(kind),
        columns: Array.isArray(columns) ? columns.map(String) : [],
        comment: comment === null ? null : String(comment),
      },
    ]),
  )
}

/** The file's real path. Creates its folder. @throws {DestinationError} `denied` */
function resolvePath(file: string): string {
  const folder = dirname(file)
  try {
    makeFolder(folder)
    return existsSync(file) ? realpathSync(file) : join(realpathSync(folder), basename(file))
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw new DestinationError(
      'denied',
      `the folder ${folder} of the DuckDB file cannot be made or entered (${why})`,
      error,
      'Name a file in a folder that this user can write to, in destination.duckdb.',
    )
  }
}

/** The nearest folder above the file that exists. */
function nearestFolder(file: string): string {
  const folder = dirname(file)
  return existsSync(folder) || folder === file ? folder : nearestFolder(folder)
}
