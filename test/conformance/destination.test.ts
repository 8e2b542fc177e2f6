import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { RunId } from '../../src/common/model.ts'
import type { Warehouse } from '../../src/load/destination.ts'
import { openDestination } from '../../src/load/open.ts'
import { allTables } from '../../src/schema/table.ts'
import { DESTINATIONS, type DestinationConfig } from '../support/destinations.ts'
import { dump, withQuery } from '../support/dump.ts'
import { runReport } from '../support/run-report.ts'
import { at, batchOf, moved, parcel, parcels, parcelsGrown, parcelsNamed } from '../support/samples.ts'

/** The promises of every destination. */
describe.each(DESTINATIONS)('$name', database => {
  /** Opens a prepared destination for `work` and closes it before `look`, which queries the database itself. */
  async function inside<T>(
    work: (destination: Warehouse, config: DestinationConfig) => Promise<T>,
    look: (
      query: (sql: string) => Promise<Record<string, unknown>[]>,
      config: DestinationConfig,
    ) => Promise<void> = async () => {},
  ): Promise<T> {
    return database.with(async config => {
      const result = await use(config, work)
      await withQuery(config, query => look(query, config))
      return result
    })
  }

  async function use<T>(
    config: DestinationConfig,
    work: (destination: Warehouse, config: DestinationConfig) => Promise<T>,
  ): Promise<T> {
    await using destination = await openDestination(config, { mode: 'write', connections: 4 })
    await destination.prepare(allTables(parcels))
    return await work(destination, config)
  }

  const behind = (config: DestinationConfig, sql: string) => withQuery(config, query => query(sql))

  test('prepare is idempotent, and plan returns the statements that it will run', async () => {
    await database.with(async config => {
      await using destination = await openDestination(config, { mode: 'write', connections: 2 })
      const planned = await destination.plan(allTables(parcels))
      const done = await destination.prepare(allTables(parcels))
      const indexes = await destination.createIndexes(allTables(parcels), new AbortController().signal)
      expect([...done, ...indexes].map(change => change.sql)).toEqual(planned.map(change => change.sql))
      expect(done.length).toBeGreaterThan(10)
      expect(await destination.prepare(allTables(parcels))).toEqual([])
    })
  })

  test('hasRows finds a row, also one that is marked as deleted, and none where there is no table', async () => {
    await database.with(async config => {
      await using destination = await openDestination(config, { mode: 'write', connections: 2 })
      expect(await destination.hasRows(parcels)).toBe(false)
      await destination.prepare(allTables(parcels))
      expect(await destination.hasRows(parcels)).toBe(false)
      const start = await destination.checkpoint(parcels.name)
      await destination.commit(batchOf(parcels, [parcel(1, 1)]), start, moved(start))
      expect(await destination.hasRows(parcels)).toBe(true)
    })
    await database.with(async config => {
      await use(config, async destination => {
        const start = await destination.checkpoint(parcels.name)
        await destination.commit(batchOf(parcels, [parcel(1, 1)]), start, moved(start))
        await destination.finalize()
      })
      await behind(config, `update recharge.parcels set _deleted_at = _synced_at, _deleted_by = 'absence'`)
      await use(config, async destination => expect(await destination.hasRows(parcels)).toBe(true))
    })
  })

  test('every table and column has a comment', async () => {
    await inside(
      async () => {},
      async (query, config) => {
        const comments =
          config.kind === 'postgres'
            ? `select c.relname as t, a.attname as col, d.description as said from pg_class c
               join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'recharge'
               join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
               left join pg_description d on d.objoid = c.oid and d.objsubid = a.attnum where c.relkind = 'r'`
            : `select table_name as t, column_name as col, comment as said from duckdb_columns() where schema_name = 'recharge'`
        const rows = await query(comments)
        expect(rows.length).toBeGreaterThan(20)
        expect(rows.filter(row => !row.said)).toEqual([])
      },
    )
  })

  test('a new column and a new list are added, and existing rows stay', async () => {
    await inside(
      async destination => {
        const first = await destination.checkpoint('parcels')
        await destination.commit(batchOf(parcels, [parcel(1, 1)]), first, moved(first))
        const changes = await destination.prepare(allTables(parcelsGrown))
        expect(changes.map(change => change.sql.split(' is ')[0])).toEqual([
          'alter table "recharge"."parcels" add column "weight" bigint',
          'comment on column "recharge"."parcels"."weight"',
          expect.stringContaining('create table "recharge"."parcels__stamps"'),
          'comment on table "recharge"."parcels__stamps"',
          ...['parcel_id', 'index', 'value'].map(name => `comment on column "recharge"."parcels__stamps"."${name}"`),
        ])
        const second = await destination.checkpoint('parcels')
        const grown = parcel(2, 2, { weight: 5, stamps: [{ value: '0.85' }] })
        await destination.commit(batchOf(parcelsGrown, [grown]), second, moved(second))
      },
      async (_query, config) => {
        const tables = await dump(config, [parcelsGrown])
        expect(tables.parcels?.map(row => [row.id, row.weight])).toEqual([
          ['1', null],
          ['2', '5'],
        ])
        expect(tables.parcels__stamps).toEqual([{ parcel_id: '2', index: '0', value: '0.85' }])
      },
    )
  })

  test('a commit writes the batch, the checkpoint and the counts', async () => {
    await inside(
      async destination => {
        const from = await destination.checkpoint('parcels')
        expect(from).toMatchObject({ version: 0, watermark: null, writer: null })
        const to = moved(from, at(5))
        const counts = await destination.commit(batchOf(parcels, [parcel(1, 1), parcel(2, 2)]), from, to)
        expect(counts).toEqual({ added: 2, changed: 0, unchanged: 0, older: 0, deleted: 0, rejected: 0 })
        expect(await destination.checkpoint('parcels')).toEqual(to)
        expect(await destination.lastCounts('parcels')).toEqual(counts)
      },
      async (_query, config) => {
        expect((await dump(config, [parcels])).parcels?.map(row => row.id)).toEqual(['1', '2'])
      },
    )
  })

  test.each([
    ['a list cannot be appended', 'alter table recharge.parcels__items rename to elsewhere'],
    ['a record cannot be appended', 'alter table recharge.parcels drop column label'],
    ['a reject cannot be kept', 'alter table recharge._sync_rejects rename to elsewhere'],
    ['the counts cannot be kept', 'alter table recharge._sync_checkpoints drop column counts'],
  ])('I1: if %s, the commit writes nothing', async (_what, sabotage) => {
    await database.with(async config => {
      const from = await use(config, async destination => {
        const start = await destination.checkpoint('parcels')
        await destination.commit(batchOf(parcels, [parcel(1, 1, { items: [{ name: 'a' }] })]), start, moved(start))
        return destination.checkpoint('parcels')
      })
      const state = 'select version from recharge._sync_checkpoints'
      const rows = 'select count(*) as n, max(cast(updated_at as text)) as newest from recharge.parcels'
      const before = [await behind(config, state), await behind(config, rows)]
      await behind(config, sabotage)
      {
        await using destination = await openDestination(config, { mode: 'write', connections: 2 })
        const batch = batchOf(parcels, [
          parcel(1, 9, { items: [{ name: 'b' }] }),
          parcel(2, 9, { items: [{ name: 'c' }] }),
          { id: 'no number', updated_at: at(9) },
        ])
        await expect(destination.commit(batch, from, moved(from))).rejects.toThrow()
      }
      expect([await behind(config, state), await behind(config, rows)]).toEqual(before)
    })
  })

  test('a commit succeeds after one that failed on the same destination', async () => {
    await inside(async destination => {
      const from = await destination.checkpoint('parcels')
      const batch = batchOf(parcels, [parcel(1, 1)])
      await destination.query('alter table recharge.parcels alter column label set not null')
      const broken = batchOf(parcels, [parcel(1, 1, { label: null })])
      await expect(destination.commit(broken, from, moved(from))).rejects.toThrow()
      await destination.commit(batch, from, moved(from))
      const next = await destination.checkpoint('parcels')
      await destination.commit(batchOf(parcels, [parcel(2, 2)]), next, moved(next))
      expect((await destination.checkpoint('parcels')).version).toBe(2)
    })
  })

  test('I7: a commit whose checkpoint another run has replaced is refused and writes nothing', async () => {
    await inside(
      async destination => {
        const from = await destination.checkpoint('parcels')
        await destination.commit(batchOf(parcels, [parcel(1, 1)]), from, moved(from, at(1), 'other' as RunId))
        await expect(destination.commit(batchOf(parcels, [parcel(2, 2)]), from, moved(from))).rejects.toMatchObject({
          kind: 'moved',
        })
        const stale = await destination.checkpoint('parcels')
        await destination.commit(batchOf(parcels, [parcel(3, 3)]), stale, moved(stale, at(3), 'other' as RunId))
        await expect(destination.commit(batchOf(parcels, [parcel(4, 4)]), stale, moved(stale))).rejects.toMatchObject({
          kind: 'moved',
        })
      },
      async (_query, config) => {
        expect((await dump(config, [parcels])).parcels?.map(row => row.id)).toEqual(['1', '3'])
      },
    )
  })

  test('I4: the same batch again is unchanged and writes no row', async () => {
    const synced = 'select id, cast(_synced_at as text) as s from recharge.parcels order by id'
    await inside(async destination => {
      const records = [parcel(1, 1, { items: [{ name: 'a' }] }), parcel(2, 2)]
      let from = await destination.checkpoint('parcels')
      await destination.commit(batchOf(parcels, records), from, moved(from))
      const before = await destination.query(synced)
      from = await destination.checkpoint('parcels')
      const again = { ...batchOf(parcels, records), receivedAt: at(2_000_000) }
      expect(await destination.commit(again, from, moved(from))).toEqual({
        added: 0,
        changed: 0,
        unchanged: 2,
        older: 0,
        deleted: 0,
        rejected: 0,
      })
      expect(await destination.query(synced)).toEqual(before)
    })
  })

  test('I5, I6: an older version changes nothing, a newer one replaces row and list, and of two with one time the later wins', async () => {
    await inside(
      async destination => {
        const versions = [
          parcel(1, 5, { items: [{ name: 'second' }, { name: 'more' }] }),
          parcel(1, 4, { items: [{ name: 'first' }] }),
          parcel(2, 5, { label: 'first of two' }),
          parcel(2, 5, { label: 'last of two' }),
          parcel(3, 5, { items: [{ name: 'gone' }] }),
          parcel(3, 6, { items: [] }),
        ]
        const counts = []
        for (const version of versions) {
          const from = await destination.checkpoint('parcels')
          counts.push(await destination.commit(batchOf(parcels, [version]), from, moved(from)))
        }
        expect(counts.map(({ added, changed, unchanged, older }) => [added, changed, unchanged, older])).toEqual([
          [1, 0, 0, 0],
          [0, 0, 0, 1],
          [1, 0, 0, 0],
          [0, 1, 0, 0],
          [1, 0, 0, 0],
          [0, 1, 0, 0],
        ])
      },
      async (_query, config) => {
        const { parcels: rows, parcels__items: items } = await dump(config, [parcels])
        expect(rows?.map(row => [row.id, row.label, row.updated_at])).toEqual([
          ['1', 'parcel 1', '2026-01-01 00:00:05'],
          ['2', 'last of two', '2026-01-01 00:00:05'],
          ['3', 'parcel 3', '2026-01-01 00:00:06'],
        ])
        expect(items?.map(item => [item.parcel_id, item.index, item.name])).toEqual([
          ['1', '0', 'second'],
          ['1', '1', 'more'],
        ])
      },
    )
  })

  test('I12: a deleted row whose record is read again is no longer deleted, even if the record is older', async () => {
    await database.with(async config => {
      const commit = (records: readonly Record<string, unknown>[]) =>
        use(config, async destination => {
          const from = await destination.checkpoint('parcels')
          return destination.commit(batchOf(parcels, records), from, moved(from))
        })
      await commit([parcel(1, 5), parcel(2, 5), parcel(3, 5)])
      await behind(config, `update recharge.parcels set _deleted_at = _synced_at, _deleted_by = 'absence' where id < 3`)
      expect(await commit([parcel(1, 5), parcel(2, 4), parcel(3, 4)])).toMatchObject({
        changed: 2,
        unchanged: 0,
        older: 1,
      })
      const { parcels: rows } = await dump(config, [parcels])
      expect(rows?.map(row => [row.id, row._deleted_at, row._deleted_by, row.updated_at])).toEqual([
        ['1', null, null, '2026-01-01 00:00:05'],
        ['2', null, null, '2026-01-01 00:00:04'],
        ['3', null, null, '2026-01-01 00:00:05'],
      ])
    })
  })

  test('I6: child rows are not doubled after somebody deleted their parent row by hand', async () => {
    await database.with(async config => {
      const commit = () =>
        use(config, async destination => {
          const from = await destination.checkpoint('parcels')
          const batch = batchOf(parcels, [parcel(1, 1, { items: [{ name: 'a' }, { name: 'b' }] })])
          return destination.commit(batch, from, moved(from))
        })
      await commit()
      await behind(config, 'delete from recharge.parcels')
      expect(await commit()).toMatchObject({ added: 1 })
      const { parcels__items: items } = await dump(config, [parcels])
      expect(items?.map(item => item.name)).toEqual(['a', 'b'])
    })
  })

  test('I6: child rows are not doubled in a batch that also has changed records and other new ones', async () => {
    await database.with(async config => {
      const commit = (records: readonly (readonly [id: number, items: string])[], second: number) =>
        use(config, async destination => {
          const from = await destination.checkpoint('parcels')
          const batch = batchOf(
            parcels,
            records.map(([id, items]) => parcel(id, second, { items: [...items].map(name => ({ name })) })),
          )
          return destination.commit(batch, from, moved(from))
        })
      const ids = [10, 20, 30, 40, 50]
      await commit(
        ids.map(id => [id, 'ab']),
        1,
      )
      await behind(config, 'delete from recharge.parcels where id in (10, 30, 50)')
      // Keys at the start and the end of a range, a key that is a range by itself, a shorter list, and an empty one.
      const again = [
        [10, 'c'],
        [11, 'd'],
        [20, 'e'],
        [30, ''],
        [49, 'f'],
        [50, 'g'],
        [9_000_000, 'h'],
      ] as const
      expect(await commit(again, 2)).toMatchObject({ added: 6, changed: 1 })
      const { parcels__items: items } = await dump(config, [parcels])
      const names = (id: number) => items?.filter(item => item.parcel_id === String(id)).map(item => item.name)
      expect([10, 11, 20, 30, 40, 49, 50, 9_000_000].map(id => names(id)?.join(''))).toEqual([
        'c',
        'd',
        'e',
        '',
        'ab',
        'f',
        'g',
        'h',
      ])
      // No other rows were deleted or added.
      expect(items?.length).toBe(8)
    })
  })

  test('I6: whatever keys exist, only records with other keys are added', async () => {
    await inside(async destination => {
      const existing = new Set<number>()
      const key = fc.oneof(fc.integer({ min: -5, max: 60 }), fc.constantFrom(-(2 ** 52), 2 ** 52, 1_000_000, 1_000_500))
      let commits = 0
      await fc.assert(
        fc.asyncProperty(fc.uniqueArray(key, { minLength: 1, maxLength: 8 }), async ids => {
          const from = await destination.checkpoint('parcels')
          commits += 1
          const batch = batchOf(
            parcels,
            ids.map(id => parcel(id, 1, { items: [{ name: `${commits}` }] })),
          )
          const known = ids.filter(id => existing.has(id)).length
          const counts = await destination.commit(batch, from, moved(from))
          expect(counts).toMatchObject({ added: ids.length - known, changed: known })
          for (const id of ids) existing.add(id)
        }),
        { numRuns: 60 },
      )
      const [rows] = await destination.query('select count(*) as n from recharge.parcels')
      const [items] = await destination.query('select count(*) as n from recharge.parcels__items')
      expect([Number(rows?.n), Number(items?.n)]).toEqual([existing.size, existing.size])
    })
  })

  test('I6: only records with other keys are added, with text keys', async () => {
    await database.with(async config => {
      await using destination = await openDestination(config, { mode: 'write', connections: 1 })
      await destination.prepare(allTables(parcelsNamed))
      const commit = async (ids: readonly string[]) => {
        const from = await destination.checkpoint('parcels')
        const records = ids.map(id => ({ ...parcel(0, 1, { items: [{ name: 'a' }] }), id }))
        return destination.commit(batchOf(parcelsNamed, records), from, moved(from))
      }
      expect(await commit(['pm_1', '2'])).toMatchObject({ added: 2, unchanged: 0 })
      expect(await commit(['pm_1', 'PM_1', '2', '02'])).toMatchObject({ added: 2, unchanged: 2 })
      const [items] = await destination.query('select count(*) as n from recharge.parcels__items')
      expect(Number(items?.n)).toBe(4)
    })
  })

  test('the last run is stored, also for a stream that was only ever skipped', async () => {
    await inside(async destination => {
      const problem = { code: 'missing_scope', message: 'The token lacks a scope.', next: 'Add it.' }
      const report = runReport('parcels', { outcome: 'skipped', problem })
      await destination.record(report)
      await destination.record(report)
      const { run, finished_at, streams } = report
      const others = { ...parcels, name: 'others' }
      const statuses = await destination.streamStatuses([parcels, others])
      expect(statuses.get('parcels')?.lastRun).toEqual({ ...streams[0], run, finished_at })
      expect(statuses.get('others')?.lastRun).toBeNull()
      const from = await destination.checkpoint('parcels')
      expect(from).toMatchObject({ version: 0, watermark: null })
      await destination.commit(batchOf(parcels, [parcel(1, 1)]), from, moved(from))
      expect((await destination.checkpoint('parcels')).version).toBe(1)
    })
  })

  test('values are read back exactly', async () => {
    const nasty = 'tab\t newline\n return\r backslash\\ \\N quote" \' emoji 🫖 zero-width \u200b \\.'
    await inside(
      async destination => {
        const from = await destination.checkpoint('parcels')
        const batch = batchOf(parcels, [
          parcel(1, 1, { label: nasty, raw: { deep: [nasty, 1.5, true, null] } }),
          { ...parcel(2, 2), id: '9223372036854775807', price: '-999999999999.999999', share: '0.0725000001' },
          { ...parcel(3, 3), updated_at: '2026-01-01T00:00:03.123456Z', price: '0E-10', due: '2026-02-28', sent: 1 },
          parcel(4, 4, { label: 'x'.repeat(1_000_000), raw: '' }),
          parcel(5, 5, { label: '', raw: [], extra_field: { of: 'the API' } }),
        ])
        expect(batch.rejects).toEqual([])
        await destination.commit(batch, from, moved(from))
      },
      async (_query, config) => {
        const rows = new Map((await dump(config, [parcels])).parcels?.map(row => [row.id, row]))
        expect(rows.get('1')).toMatchObject({ label: nasty, raw: { deep: [nasty, 1.5, true, null] } })
        expect(rows.get('9223372036854775807')).toMatchObject({ price: '-999999999999.999999', share: '0.0725000001' })
        expect(rows.get('3')).toMatchObject({ updated_at: '2026-01-01 00:00:03.123456', price: '0', due: '2026-02-28' })
        expect(rows.get('3')?.sent).toBe('true')
        expect(rows.get('4')).toMatchObject({ label: 'x'.repeat(1_000_000), raw: '' })
        expect(rows.get('5')).toMatchObject({ label: '', raw: [], _extra: { extra_field: { of: 'the API' } } })
      },
    )
  })

  test('several streams commit side by side', async () => {
    await inside(async destination => {
      await Promise.all(
        ['a', 'b', 'c', 'd', 'e', 'f'].map(async (name, i) => {
          const from = await destination.checkpoint(name)
          const to = { ...moved(from), stream: name }
          await destination.commit(batchOf(parcels, [parcel(i, i)]), from, to)
        }),
      )
      expect(await destination.query('select count(*) as n from recharge.parcels')).toEqual([{ n: '6' }])
      expect(await destination.query('select count(*) as n from recharge._sync_checkpoints')).toEqual([{ n: '6' }])
    })
  })

  test('a reject is stored once, however often it is read', async () => {
    await inside(async destination => {
      for (let run = 0; run < 2; run++) {
        const from = await destination.checkpoint('parcels')
        const counts = await destination.commit(
          batchOf({ ...parcels, onMismatch: 'reject' }, [{ id: 7, updated_at: 'soon' }]),
          from,
          moved(from),
        )
        expect(counts.rejected).toBe(1)
      }
      const [reject, ...more] = await destination.query(
        'select stream, key, path, reason, record from recharge._sync_rejects',
      )
      expect(more).toEqual([])
      expect(reject).toMatchObject({ stream: 'parcels', key: '7', path: 'updated_at' })
      expect(reject?.reason).toContain('"soon" is not a point in time')
    })
  })
})
