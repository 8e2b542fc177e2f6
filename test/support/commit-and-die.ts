import { openDuckdb } from '../../src/load/duckdb/engine.ts'
import { openPostgres } from '../../src/load/postgres/engine.ts'
import type { Engine } from '../../src/load/sql/engine.ts'
import { createWarehouse } from '../../src/load/sql/warehouse.ts'
import { allTables } from '../../src/schema/table.ts'
import type { DestinationConfig } from './destinations.ts'
import { at, batchOf, moved, parcel, parcels } from './samples.ts'

/*
 * Runs in a process of its own. Makes one commit, starts a second, and kills itself at the given step of the second. Exits
 * with 0 if the second commit has fewer steps.
 */
const [, , config, deadlyStep] = process.argv
const destination: DestinationConfig = JSON.parse(config ?? '')
const deadly = Number(deadlyStep)
let steps = Number.NEGATIVE_INFINITY

/** Counts a step: a statement, an append, or the moment before COMMIT. Kills the process at the given one. */
const step = (): void => {
  steps += 1
  if (steps === deadly) process.kill(process.pid, 'SIGKILL')
}

function counted(engine: Engine): Engine {
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
          longDdl: session.longDdl,
          dependents: session.dependents,
        })
        step()
        return result
      }),
  }
}

const engine =
  destination.kind === 'duckdb'
    ? await openDuckdb({ file: destination.file, mode: 'write' })
    : openPostgres({ ...destination, connections: 2 })
const opened = createWarehouse(counted(engine), destination.schema)
await opened.prepare(allTables(parcels))
const start = await opened.checkpoint('parcels')
if (start.version === 0)
  await opened.commit(
    batchOf(
      parcels,
      [1, 2, 3].map(id => parcel(id, id, { items: [{ name: 'first' }, { name: 'more' }] })),
    ),
    start,
    moved(start, at(3)),
  )
const from = await opened.checkpoint('parcels')
steps = 0
await opened.commit(
  batchOf(parcels, [
    parcel(2, 12, { items: [{ name: 'second' }] }),
    parcel(4, 14, { items: [{ name: 'second' }] }),
    { id: 5, updated_at: 'never' },
  ]),
  from,
  moved(from, at(14)),
)
step()
process.exit(0)
