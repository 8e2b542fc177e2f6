import { expect, test } from 'vitest'
import { STREAMS } from '../../src/cli/app.ts'
import { allTables } from '../../src/schema/table.ts'
import { openDestination } from '../../src/load/open.ts'
import { PLACES } from '../support/destinations.ts'

/** A change of the warehouse's schema shows as a change of these files. `npm run gen` writes them anew. */
test.each(PLACES)('the DDL for $name is that of the committed file', async place => {
  const ddl = await place.with(async config => {
    await using destination = await openDestination(config, { mode: 'write', connections: 1 })
    const changes = await destination.plan(STREAMS.flatMap(allTables))
    return changes.map(({ sql }) => `${sql.replaceAll(', "', ',\n  "').replace(' ("', ' (\n  "')};\n`).join('')
  })
  expect(ddl.match(/^create table/gm)?.length).toBeGreaterThan(50)
  await expect(ddl).toMatchFileSnapshot(`${place.name}.sql`)
})
