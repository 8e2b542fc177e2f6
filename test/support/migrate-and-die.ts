import { createWarehouse } from '../../src/load/sql/warehouse.ts'
import { instant, int, json, rate, text } from '../../src/schema/column.ts'
import { allTables } from '../../src/schema/table.ts'
import { openDeadly, Steps } from './deadly-engine.ts'
import type { DestinationConfig } from './destinations.ts'
import { at, batchOf, moved, parcel, parcels } from './samples.ts'

/*
 * Runs in a process of its own. Loads a stream as an older version declares it, begins to convert its columns, and kills
 * itself at the given step of that. Exits with 0 if there are fewer steps.
 */
const [, , config, deadlyStep] = process.argv
const destination: DestinationConfig = JSON.parse(config ?? '')
const older = { ...parcels, columns: { ...parcels.columns, raw: json('.'), grams: int('.'), seen: text('.') } }
const newer = { ...parcels, columns: { ...parcels.columns, raw: text('.'), grams: rate('.'), seen: instant('.') } }
const record = parcel(1, 1, { raw: 'Whole bean', grams: 5, seen: '2025-11-02T01:30:00' })
const steps = new Steps(Number(deadlyStep))
const opened = createWarehouse(await openDeadly(destination, steps), destination.schema)
await opened.prepare(allTables(older))
const start = await opened.checkpoint('parcels')
if (start.version === 0) {
  await opened.commit(batchOf(older, [record]), start, moved(start, at(3)))
  await opened.finalize()
}
await opened.prepare(allTables(newer))
steps.start()
await opened.migrateColumns(newer, new AbortController().signal)
steps.step()
process.exit(0)
