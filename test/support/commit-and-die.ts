import { createWarehouse } from '../../src/load/sql/warehouse.ts'
import { allTables } from '../../src/schema/table.ts'
import { openDeadly, Steps } from './deadly-engine.ts'
import type { DestinationConfig } from './destinations.ts'
import { at, batchOf, parcels as lenient, moved, parcel } from './samples.ts'

/*
 * Runs in a process of its own. Makes one commit, starts a second, and kills itself at the given step of the second. Exits
 * with 0 if the second commit has fewer steps.
 */
const parcels = { ...lenient, onMismatch: 'reject' as const }
const [, , config, deadlyStep] = process.argv
const destination: DestinationConfig = JSON.parse(config ?? '')
const steps = new Steps(Number(deadlyStep))
const opened = createWarehouse(await openDeadly(destination, steps), destination.schema)
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
steps.start()
await opened.commit(
  batchOf(parcels, [
    parcel(2, 12, { items: [{ name: 'second' }] }),
    parcel(4, 14, { items: [{ name: 'second' }] }),
    { id: 5, updated_at: 'never' },
  ]),
  from,
  moved(from, at(14)),
)
steps.step()
process.exit(0)
