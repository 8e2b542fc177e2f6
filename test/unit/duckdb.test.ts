import { join } from 'node:path'
import { expect, test } from 'vitest'
import { allTables } from '../../src/declare/table.ts'
import { openDestination } from '../../src/load/open.ts'
import { withFolder } from '../support/destinations.ts'
import { batchOf, moved, parcel, parcels } from '../support/samples.ts'

test.each([
  ['is called like its schema', 'recharge.duckdb'],
  ['has a quote in its name', "the shop's.duckdb"],
])('a file that %s is written to and read', async (_, name) => {
  await withFolder(async folder => {
    const config = { kind: 'duckdb', file: join(folder, name), schema: 'recharge' } as const
    {
      await using destination = await openDestination(config, { mode: 'write', connections: 1 })
      await destination.prepare(allTables(parcels))
      const first = await destination.checkpoint('parcels')
      await destination.commit(batchOf(parcels, [parcel(1, 1)]), first, moved(first))
    }
    await using again = await openDestination(config, { mode: 'read', connections: 1 })
    expect((await again.checkpoint('parcels')).version).toBe(1)
  })
})
