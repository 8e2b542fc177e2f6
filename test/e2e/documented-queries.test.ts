import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { StoreRecord } from '../../src/simulator/record.ts'
import { DESTINATIONS, withFolder } from '../support/destinations.ts'
import { withQuery } from '../support/dump.ts'
import { configFor, makeStore, runSync, withSimulator } from '../support/run.ts'

/* The queries of docs/streams.md run as they stand there, in both databases, and answer what they say. */

const document = readFileSync(new URL('../../docs/streams.md', import.meta.url), 'utf8')
const QUERIES = [...document.matchAll(/^```sql\n([\s\S]*?)^```$/gm)].map(([, query = '']) => query)

test('there are queries', () => {
  expect(QUERIES).toHaveLength(2)
})

describe.each(DESTINATIONS)('$name', place => {
  test('each query of the document answers', async () => {
    const store = makeStore({ customers: 60, months: 6 })
    await withSimulator({ store }, simulator =>
      place.with(destination =>
        withFolder(async folder => {
          const config = { ...configFor(simulator, destination, folder), history: ['subscriptions'] }
          const ran = await runSync(config, ['subscriptions'])
          expect(ran.code, ran.text).toBe(0)
          const [properties = [], versions = []] = await withQuery(destination, async query => [
            await query(QUERIES[0] ?? ''),
            await query(QUERIES[1] ?? ''),
          ])
          const subscriptions = store.all('subscriptions')
          const ground = subscriptions.filter(({ properties }) =>
            (properties as readonly StoreRecord[]).some(
              ({ name, value }) => name === 'Grind' && value === 'Whole bean',
            ),
          )
          expect(ground.length).toBeGreaterThan(2)
          expect(properties.map(({ id }) => Number(id)).sort()).toEqual(ground.map(({ id }) => Number(id)).sort())
          expect(new Set(properties.map(({ grind }) => grind))).toEqual(new Set(['Whole bean']))
          // The first version of a row begins when the record last changed.
          const then = subscriptions.filter(({ updated_at }) => String(updated_at) <= '2026-10-01T00:00:00+00:00')
          expect(then.length).toBeGreaterThan(2)
          expect(versions.map(({ id }) => Number(id)).sort()).toEqual(then.map(({ id }) => Number(id)).sort())
        }),
      ),
    )
  })
})
