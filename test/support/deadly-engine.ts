import { openDuckdb } from '../../src/load/duckdb/engine.ts'
import { openPostgres } from '../../src/load/postgres/engine.ts'
import type { Engine } from '../../src/load/sql/engine.ts'
import type { DestinationConfig } from './destinations.ts'

/** Counts steps and kills this process at the given one. Before `start` is called nothing is counted. */
export class Steps {
  readonly #deadly: number
  #steps = Number.NEGATIVE_INFINITY

  constructor(deadly: number) {
    this.#deadly = deadly
  }

  start(): void {
    this.#steps = 0
  }

  /** A statement, an append, or the moment before COMMIT. */
  step(): void {
    this.#steps += 1
    if (this.#steps === this.#deadly) process.kill(process.pid, 'SIGKILL')
  }
}

/** The engine of a destination, whose steps are counted. */
export const openDeadly = async (destination: DestinationConfig, steps: Steps): Promise<Engine> =>
  counted(
    destination.kind === 'duckdb'
      ? await openDuckdb({ file: destination.file, mode: 'write' })
      : openPostgres({ ...destination, connections: 2 }),
    () => steps.step(),
  )

function counted(engine: Engine, step: () => void): Engine {
  return {
    ...engine,
    transaction: work =>
      engine.transaction(async session => {
        const db = session.db.withPlugin({
          transformQuery: ({ node }) => {
            step()
            return node
          },
          transformResult: async ({ result }) => result,
        })
        const result = await work({
          db,
          append: async (target, columns, rows) => {
            step()
            await session.append(target, columns, rows)
          },
          createTempTable: async (table, columns) => {
            step()
            await session.createTempTable(table, columns)
          },
          withIndexScans: session.withIndexScans,
          mayContainKeys: session.mayContainKeys,
          relations: session.relations,
          referencedTables: session.referencedTables,
          withLockTimeout: session.withLockTimeout,
          longDdl: async (statements, signal) => {
            step()
            await session.longDdl(statements, signal)
          },
          alterColumns: async (statements, signal) => {
            step()
            await session.alterColumns(statements, signal)
          },
          dependents: session.dependents,
          catalog: session.catalog,
          viewUsers: session.viewUsers,
          grantsOn: session.grantsOn,
        })
        step()
        return result
      }),
  }
}
