import { constants, existsSync, mkdirSync, realpathSync } from 'node:fs'
import { access } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { Kysely, sql } from 'kysely'
import { DestinationError } from '../../common/errors.ts'
import type { TableColumn } from '../../schema/table.ts'
import type { Engine } from '../sql/engine.ts'
import type { SystemTables } from '../sql/system-tables.ts'
import { append, type Layouts } from './append.ts'
import { dialectOn } from './dialect.ts'
import { translate } from './errors.ts'
import { TYPES } from './types.ts'

export interface DuckdbOptions {
  readonly file: string
  /** `read` makes no file, and lets other readers in. */
  readonly mode: 'read' | 'write'
}

/*
 * The log is also in memory until a checkpoint writes it to its place, and every checkpoint compresses the last group of each
 * table anew. Where commits are small, because records are narrow or the API is slow, memory is what counts and the log is
 * short. Large ones come of wide records that arrive faster than they are committed: there a checkpoint takes more
 * memory than a long log does, and a seldom one takes a third off the engine's work. Half of `memory_limit` at most: beyond
 * it, rows that wait for their checkpoint are put into temporary files and read again, 64 KB at a time.
 */
const LOG = { short: '16MB', long: '128MB' } as const
/** Bytes of rows from which on a commit is large. */
const LARGE = 8 * 1024 * 1024

/*
 * Set on purpose. One thread: two load no faster, and take a quarter more CPU and more memory. 96 MB of memory are too few:
 * a checkpoint of all streams' tables fails. Extensions are never fetched: all that is used is built in.
 */
const SETTINGS = {
  threads: '1',
  memory_limit: '256MB',
  checkpoint_threshold: LOG.short,
  autoinstall_known_extensions: 'false',
  autoload_known_extensions: 'false',
} as const

/*
 * Rows that are compressed together, a quarter of what is usual. A checkpoint writes a group that is not full yet anew with
 * all it has, in memory first, and it comes long before a group of wide rows is full.
 */
const ROW_GROUP = 30_720
/*
 * Bytes that a new file is divided into, a quarter of what is usual. Each column of each table keeps one in memory for what
 * is appended, however little that is. With half of this again, wide columns took twice the room.
 */
const BLOCK = 65_536
/** What the file is called inside the database: its own name could be that of a schema. */
const CATALOG = '_recharge_sync'

/** Files open in this process. The operating system's lock is by process, and a second opening would lose data. */
const open = new Set<string>()

/** @throws {DestinationError} `held` when another process, or this one, has the file open. */
export async function openDuckdb({ file, mode }: DuckdbOptions): Promise<Engine> {
  const path = mode === 'read' && !existsSync(file) ? ':memory:' : place(file)
  if (open.has(path)) throw new DestinationError('held', `${path} is open in this process already`)
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
  let connection = await connect()
  const layouts: Layouts = new Map()
  let log: keyof typeof LOG = 'short'
  const limitLog = async (wanted: keyof typeof LOG): Promise<void> => {
    if (wanted === log) return
    await connection.run(`set checkpoint_threshold = '${LOG[wanted]}'`)
    log = wanted
  }
  let queue: Promise<unknown> = Promise.resolve()

  return {
    transaction(work) {
      const turn = queue.then(async () => {
        const used = connection
        try {
          await used.run(readOnly ? 'begin transaction read only' : 'begin transaction')
          const db = new Kysely<SystemTables>({ dialect: dialectOn(used) })
          let written = 0
          const result = await work({
            db,
            append: async (into, columns, blocks) => {
              const bytes = await append(used, layouts, into, columns, blocks)
              if (into.schema !== null) written += bytes
            },
            createTempTable: (table, columns) => createTempTable(used, table, columns),
            // It reads only the parts of a column whose least and greatest value let a key be there.
            withIndexScans: work => work(),
            mayContainKeys: async columns => columns.map(() => true),
          })
          if (written > 0) await limitLog(written < LARGE ? 'short' : 'long')
          await used.run('commit')
          if (written > 0 && log === 'short') await giveBack(used)
          return result
        } catch (error) {
          await used.run('rollback').catch(() => {})
          // An appender that failed would abort whatever transaction comes next on its connection.
          used.closeSync()
          connection = await connect()
          throw translate(error)
        }
      })
      queue = turn.catch(() => {})
      return turn
    },

    // Opening the file for writing keeps every other process out.
    acquireLock: async () => {},

    columnType: kind => sql.raw(TYPES[kind].ddl),
    shownAs: kind => TYPES[kind].shownAs,
    // No index: through one, 250 scattered rows into a million took seconds, and the file grew by two fifths.
    constrain: create => create,
    async checkAccess() {
      const at = existsSync(file) ? file : nearestFolder(file)
      await access(at, constants.W_OK).catch(error => {
        throw new DestinationError('denied', `${at} cannot be written`, error)
      })
    },

    async finalize() {
      await queue
      await connection.run('checkpoint').catch(error => {
        throw translate(error)
      })
    },

    async [Symbol.asyncDispose]() {
      await queue
      connection.closeSync()
      instance.closeSync()
      open.delete(path)
    },
  }
}

/**
 * Commits, and checkpoints above all, take memory in small pieces, which the allocator would keep. Setting the limit, to
 * whatever it is, has them returned to the system. Nothing else hangs on it: what was committed stands.
 */
async function giveBack(connection: DuckDBConnection): Promise<void> {
  await connection.run(`set memory_limit = '${SETTINGS.memory_limit}'`).catch(() => {})
}

/** Opened by ATTACH, which is the only way to say how many rows make a group. */
async function attach(path: string, readOnly: boolean): Promise<DuckDBInstance> {
  // What does not fit into memory goes beside the file, where there is room, and not to the folder at hand.
  const spill = path === ':memory:' ? {} : { temp_directory: `${path}.tmp` }
  const instance = await DuckDBInstance.create(':memory:', { ...SETTINGS, ...spill })
  // A file keeps the size of block that it was made with.
  const block = existsSync(path) ? [] : [`block_size ${BLOCK}`]
  const options = [`row_group_size ${ROW_GROUP}`, ...block, ...(readOnly ? ['read_only'] : [])]
  try {
    const connection = await instance.connect()
    await connection.run(`attach '${path.replaceAll("'", "''")}' as ${CATALOG} (${options.join(', ')})`)
    connection.closeSync()
    return instance
  } catch (error) {
    instance.closeSync()
    throw translate(error)
  }
}

/** Replaced, not emptied: deleted rows would keep their room until the run ends. */
async function createTempTable(
  connection: DuckDBConnection,
  table: string,
  columns: readonly TableColumn[],
): Promise<void> {
  const fields = columns.map(({ name, kind }) => `"${name}" ${TYPES[kind].ddl}`)
  await connection.run(`create or replace temporary table "${table}" (${fields.join(', ')})`)
}

/** The file's real path, in a folder that exists. */
function place(file: string): string {
  mkdirSync(dirname(file), { recursive: true })
  return existsSync(file) ? realpathSync(file) : join(realpathSync(dirname(file)), file.slice(dirname(file).length + 1))
}

/** The folder that the file, or what is missing above it, would be made in. */
function nearestFolder(file: string): string {
  const folder = dirname(file)
  return existsSync(folder) || folder === file ? folder : nearestFolder(folder)
}
