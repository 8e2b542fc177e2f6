import { expect, test } from 'vitest'
import { STREAMS } from '../../src/cli/app.ts'
import { allTables } from '../../src/schema/table.ts'
import { openDestination } from '../../src/load/open.ts'
import { DESTINATIONS } from '../support/destinations.ts'

/** These files show every change of the warehouse's schema. `npm run gen` writes them again. */
test.each(DESTINATIONS)('the DDL for $name is that of the committed file', async database => {
  const ddl = await database.with(async config => {
    await using destination = await openDestination(config, { mode: 'write', connections: 1 })
    const changes = await destination.plan(STREAMS.flatMap(allTables))
    return changes.map(({ sql }) => `${sql.replaceAll(', "', ',\n  "').replace(/^(create table .*?) \("/, '$1 (\n  "')};\n`).join('')
  })
  expect(ddl.match(/^create table/gm)?.length).toBeGreaterThan(50)
  await expect(ddl).toMatchFileSnapshot(`${database.name}.sql`)
})
