import { expect, test } from 'vitest'
import { fillJoined, JOINED, joinsOf, planOf } from '../../bench/joins.ts'
import { STREAMS } from '../../src/cli/app.ts'
import { openDestination } from '../../src/load/open.ts'
import { allTables } from '../../src/schema/table.ts'
import { withDatabase } from '../support/destinations.ts'
import { withQuery } from '../support/dump.ts'

/* What Postgres plans, and not what it takes: a slow machine plans the same. */

const CHARGES = 8_000
const streams = STREAMS.filter(({ name }) => JOINED.some(joined => joined === name))

type Query = Parameters<typeof planOf>[0]

/** Tables as after a first load of a store with so many charges. */
async function withLoaded(indexes: boolean, work: (query: Query) => Promise<void>): Promise<void> {
  await withDatabase(async url => {
    const config = { kind: 'postgres', url, schema: 'recharge' } as const
    await using destination = await openDestination(config, { mode: 'write', connections: 2, indexes })
    await destination.prepare(streams.flatMap(allTables))
    await withQuery(config, async query => {
      await fillJoined(query, config.schema, CHARGES)
      for (const stream of streams) await destination.createIndexes(allTables(stream), new AbortController().signal)
      await work(query)
    })
  })
}

test('Postgres finds the rows of ten joins that analysts make by indexes', async () => {
  await withLoaded(true, async query => {
    const joins = await joinsOf(query, 'recharge')
    expect(joins).toHaveLength(10)
    for (const { what, by, sql } of joins) {
      const { indexed, whole } = await planOf(query, 'recharge', sql)
      expect([what, whole, by.filter(column => !indexed.has(column))]).toEqual([what, [], []])
    }
  })
})

test('without the indexes Postgres reads whole tables for them', async () => {
  await withLoaded(false, async query => {
    await query('analyze')
    for (const { what, sql } of await joinsOf(query, 'recharge')) {
      const { whole } = await planOf(query, 'recharge', sql)
      expect([what, whole.length > 0]).toEqual([what, true])
    }
  })
})
