import pg from 'pg'
import { describe, expect, test } from 'vitest'
import type { DestinationError } from '../../src/common/errors.ts'
import type { MigratedColumns, RunId } from '../../src/common/model.ts'
import type { Warehouse } from '../../src/load/destination.ts'
import { openDestination } from '../../src/load/open.ts'
import { backfillColumns } from '../../src/pipeline/backfill-columns.ts'
import { type Columns, int, money, text } from '../../src/schema/column.ts'
import { withInferred } from '../../src/schema/inferred-columns.ts'
import type { Stream } from '../../src/schema/stream.ts'
import { allTables } from '../../src/schema/table.ts'
import { DESTINATIONS, type DestinationConfig, type TestDestination } from '../support/destinations.ts'
import { dump, withQuery } from '../support/dump.ts'
import { at, batchOf, moved, parcel, parcels } from '../support/samples.ts'

/** `parcels` as another version declares it. */
const withColumns = (columns: Columns): Stream => ({ ...parcels, columns: { ...parcels.columns, ...columns } })
const retyped = withColumns({ raw: text('Anything.') })
const { raw: _raw, ...withoutRaw } = parcels.columns
const retired: Stream = { ...parcels, columns: withoutRaw }

const RECORDS = [
  parcel(1, 1, { raw: 'Whole bean', items: [{ name: 'a', units: 2 }] }),
  parcel(2, 2, { raw: 5 }),
  parcel(3, 3),
]

interface Opened {
  readonly config: DestinationConfig
  ask(sql: string): Promise<Record<string, unknown>[]>
  use<T>(work: (warehouse: Warehouse) => Promise<T>, history?: readonly Stream[]): Promise<T>
  /** Opens the warehouse for one version of the stream, and loads records. */
  load(records?: readonly unknown[], stream?: Stream, history?: readonly Stream[]): Promise<void>
  /** What a run of another version does before it reads the stream. */
  migrate(stream?: Stream, history?: readonly Stream[]): Promise<MigratedColumns>
  /** The error of such a run. */
  refused(stream?: Stream): Promise<DestinationError>
}

const within = (place: TestDestination, work: (opened: Opened) => Promise<void>): Promise<void> =>
  place.with(async config => {
    const ask: Opened['ask'] = query => withQuery(config, ask => ask(query))
    const use: Opened['use'] = async (work, history = []) => {
      await using warehouse = await openDestination(config, { mode: 'write', connections: 2, history })
      return await work(warehouse)
    }
    const migrateIn = async (warehouse: Warehouse, stream: Stream): Promise<MigratedColumns> => {
      await warehouse.prepare(allTables(stream))
      return await warehouse.migrateColumns(stream, new AbortController().signal)
    }
    const migrate: Opened['migrate'] = (stream = retyped, history = []) =>
      use(warehouse => migrateIn(warehouse, stream), history)
    await work({
      config,
      ask,
      use,
      migrate,
      load: (records = RECORDS, stream = parcels, history = []) =>
        use(async warehouse => {
          await migrateIn(warehouse, stream)
          const from = await warehouse.checkpoint(stream.name)
          await warehouse.commit(batchOf(stream, records), from, moved(from, at(9)))
        }, history),
      refused: stream =>
        migrate(stream).then(
          () => {
            throw new Error('nothing was refused')
          },
          (error: DestinationError) => error,
        ),
    })
  })

const RAW = 'select cast(raw as text) as raw from recharge.parcels order by id'
const CONVERTED = [{ raw: 'Whole bean' }, { raw: '5' }, { raw: null }]
const SETTINGS = `select name, value from recharge._sync_settings order by name`
const TYPES = `select table_name, column_name, data_type from information_schema.columns
  where table_schema = 'recharge' order by 1, 2`

/** Everything that a migration may change. */
const stateOf = async ({ config, ask }: Opened, stream = parcels as Stream) => ({
  rows: await dump(config, [stream]),
  settings: await ask(SETTINGS),
  types: await ask(TYPES),
  checkpoints: await ask('select stream, version, shape from recharge._sync_checkpoints order by 1'),
})

describe.each(DESTINATIONS)('$name', place => {
  test('a conversion is noted, keeps the checkpoint, and is done once', () =>
    within(place, async opened => {
      await opened.load()
      const { checkpoints } = await stateOf(opened)
      const { changed, kept } = await opened.migrate()
      expect(kept).toEqual([])
      expect(changed).toMatchObject([
        { column: 'parcels.raw', to: expect.stringMatching(/text|varchar/), keptIn: null },
      ])
      expect(await opened.ask(RAW)).toEqual(CONVERTED)
      expect((await stateOf(opened, retyped)).checkpoints).toEqual(checkpoints)
      const [note] = await opened.ask(`select value from recharge._sync_settings where name = 'migrations'`)
      expect(JSON.parse(String(note?.value))).toMatchObject([{ ...changed[0], at: expect.stringMatching(/^20\d\d-/) }])
      expect(await opened.migrate()).toEqual({ changed: [], kept: [] })
      // A later one is added to the note.
      await opened.migrate(withColumns({ raw: text('Anything.'), sent: text('Flag.') }))
      const [both] = await opened.ask(`select value from recharge._sync_settings where name = 'migrations'`)
      expect(JSON.parse(String(both?.value))).toMatchObject([{ column: 'parcels.raw' }, { column: 'parcels.sent' }])
    }))

  test('rows that the same process writes after a conversion fit the new type', () =>
    within(place, async opened => {
      await opened.use(async warehouse => {
        for (const [stream, records] of [
          [parcels, RECORDS],
          [retyped, [parcel(4, 4, { raw: 'Ground' }), parcel(5, 5, { raw: null })]],
        ] as const) {
          await warehouse.prepare(allTables(stream))
          await warehouse.migrateColumns(stream, new AbortController().signal)
          const from = await warehouse.checkpoint('parcels')
          await warehouse.commit(batchOf(stream, records), from, moved(from))
        }
      })
      expect(await opened.ask(RAW)).toEqual([...CONVERTED, { raw: 'Ground' }, { raw: null }])
    }))

  test('if the note cannot be made, nothing is converted', () =>
    within(place, async opened => {
      await opened.load()
      await opened.ask(`insert into recharge._sync_settings values ('migrations', '{')`)
      const before = await stateOf(opened)
      expect(await opened.refused()).toMatchObject({ kind: 'unreadable' })
      expect(await stateOf(opened)).toEqual(before)
      await opened.ask(`delete from recharge._sync_settings where name = 'migrations'`)
      await opened.migrate()
      expect(await opened.ask(RAW)).toEqual(CONVERTED)
    }))

  test.each([
    ['selects it', ['create view recharge.beans as select id, raw from recharge.parcels']],
    ['selects everything', ['create view recharge.beans as select * from recharge.parcels']],
    [
      'selects everything under other names',
      [
        `create view recharge.beans (${Array.from({ length: 13 }, (_, i) => `c${i}`)}) as select * from recharge.parcels`,
      ],
    ],
    ['only compares it', ['create view recharge.beans as select id from recharge.parcels where raw is not null']],
    [
      'is in another schema',
      ['create schema reports', 'create view reports.beans as select raw from recharge.parcels'],
    ],
    [
      'has a view upon it',
      [
        'create view recharge.beans as select raw as bean from recharge.parcels',
        'create view recharge.upon as select bean from recharge.beans',
      ],
    ],
  ])('a view that %s is named, and nothing changes until it is gone', (_how, statements) =>
    within(place, async opened => {
      await opened.load()
      await opened.ask('create view recharge.labels as select id, label from recharge.parcels')
      for (const statement of statements) await opened.ask(statement)
      const names = statements.flatMap(statement => /create view (\w+\.\w+)/.exec(statement)?.[1] ?? [])
      const before = await stateOf(opened)
      const error = await opened.refused()
      expect(error).toMatchObject({ kind: 'in_use', reaction: 'fail' })
      for (const name of names) {
        expect(error.message).toContain(`view ${name}`)
        expect(error.next).toContain(`view ${name}`)
      }
      expect(error.message).toMatch(/parcels\.raw is jsonb? and has to become (text|varchar)/)
      expect(error.message).not.toContain('labels')
      expect(await stateOf(opened)).toEqual(before)
      for (const name of names) await opened.ask(`select * from ${name}`)
      for (const name of names.toReversed()) await opened.ask(`drop view ${name}`)
      await opened.migrate()
      expect(await opened.ask(RAW)).toEqual(CONVERTED)
      expect(await opened.ask('select label from recharge.labels where id = 1')).toEqual([{ label: 'parcel 1' }])
      for (const statement of statements.filter(each => each.includes('view'))) await opened.ask(statement)
    }),
  )

  test('a column without the lock is left as it is, and a command that needs it says so', () =>
    within(place, async opened => {
      await opened.load()
      const before = await stateOf(opened)
      await opened.use(async warehouse => {
        await warehouse.prepare(allTables(retyped))
        await expect(warehouse.migrateColumns(retyped, null)).rejects.toMatchObject({
          kind: 'incompatible',
          next: expect.stringContaining('Run sync'),
        })
        await warehouse.prepare(allTables(parcels))
        expect(await warehouse.migrateColumns(parcels, null)).toEqual({ changed: [], kept: [] })
      })
      expect(await stateOf(opened)).toEqual(before)
    }))

  test('what cannot be converted is named with a sample, and what the error says to do reads the stream again', () =>
    within(place, async opened => {
      await opened.load([
        parcel(1, 1, { raw: 'Whole bean' }),
        parcel(2, 2, { raw: '12.50' }),
        parcel(3, 3, { raw: { a: 1 } }),
      ])
      const priced = withColumns({ raw: money('Amount.') })
      const before = await stateOf(opened)
      const error = await opened.refused(priced)
      expect(error).toMatchObject({ kind: 'incompatible', reaction: 'fail' })
      expect(error.message).toMatch(
        /parcels\.raw is jsonb? and has to become decimal\(18,6\), and 2 of its values cannot be read as decimal\(18,6\), such as .*(Whole bean|a)/,
      )
      expect(await stateOf(opened)).toEqual(before)
      const [rename = ''] = /alter table .*?;/s.exec(error.next) ?? []
      await opened.ask(rename)
      expect(await opened.migrate(priced)).toEqual({ changed: [], kept: [] })
      const forgotten = { watermark: null, lost: { columns: ['parcels.raw'], tables: [] } }
      await opened.use(async warehouse => expect(await warehouse.checkpoint('parcels')).toMatchObject(forgotten))
      expect(
        await opened.ask(
          'select cast(raw as text) as raw, cast(raw_was_json as text) as was from recharge.parcels where id = 1',
        ),
      ).toEqual([{ raw: null, was: '"Whole bean"' }])
    }))

  test('I9: no value is shown of a column whose values are not stored in clear', () =>
    within(place, async opened => {
      const hidden = { ...text('Secret.'), sensitive: true, policy: 'omit' } as const
      await opened.load([parcel(1, 1, { raw: 'aaaa' })], withColumns({ raw: text('Secret.') }))
      const error = await opened.refused(
        withColumns({ raw: { ...int('Secret.'), sensitive: hidden.sensitive, policy: hidden.policy } }),
      )
      expect(error).toMatchObject({ kind: 'incompatible' })
      expect(error.message).toMatch(/1 of its values cannot be read as bigint/)
      expect(`${error.message} ${error.next}`).not.toContain('aaaa')
    }))

  test('a column of a type that this program does not use is converted only if it holds nothing', () =>
    within(place, async opened => {
      await opened.load()
      await opened.ask('alter table recharge.parcels drop column price')
      await opened.ask('alter table recharge.parcels add column price double precision')
      await opened.ask('update recharge.parcels set price = 0.1 where id = 1')
      expect(await opened.refused(parcels)).toMatchObject({
        kind: 'incompatible',
        message: expect.stringContaining('double'),
      })
      await opened.ask('update recharge.parcels set price = null')
      expect((await opened.migrate(parcels)).changed).toMatchObject([{ column: 'parcels.price', to: 'decimal(18,6)' }])
    }))

  test('a system table whose column has another type stops the run', () =>
    within(place, async opened => {
      await opened.load()
      await opened.ask('alter table recharge._sync_checkpoints alter column committed_at type text')
      expect(await opened.refused(parcels)).toMatchObject({
        kind: 'incompatible',
        message: expect.stringContaining('_sync_checkpoints.committed_at'),
      })
    }))

  test('I16: a conversion adds no version, nor does reading the records again; a change does', () =>
    within(place, async opened => {
      const all = `select id, raw, valid_to is null as open from recharge.parcels__history order by id, valid_from`
      const expected = CONVERTED.map(({ raw }, i) => ({ id: i + 1, raw, open: true }))
      const versions = async () => (await opened.ask(all)).map(({ id, ...rest }) => ({ id: Number(id), ...rest }))
      await opened.load(RECORDS, parcels, [parcels])
      await opened.migrate(retyped, [retyped])
      expect(await versions()).toEqual(expected)
      await opened.load(RECORDS, retyped, [retyped])
      expect(await versions()).toEqual(expected)
      const hashes = `select count(*) as n from recharge.parcels__history v join recharge.parcels t on t.id = v.id and t._hash = v._hash`
      expect((await opened.ask(hashes)).map(({ n }) => Number(n))).toEqual([3])
      await opened.load([parcel(1, 5, { raw: 'Ground' }), ...RECORDS.slice(1)], retyped, [retyped])
      expect(await versions()).toEqual([
        { id: 1, raw: 'Whole bean', open: false },
        { id: 1, raw: 'Ground', open: true },
        ...expected.slice(1),
      ])
    }))

  test('I16: a value that did not fit the old type moves from _extra, and that is no new version either', () =>
    within(place, async opened => {
      const lenient = (stream: Stream): Stream => ({ ...stream, onMismatch: 'null' })
      const [counted, worded] = [withColumns({ raw: int('Units.') }), withColumns({ raw: text('Words.') })].map(
        lenient,
      ) as [Stream, Stream]
      const records = [parcel(1, 1, { raw: 5 }), parcel(2, 2, { raw: 'many' })]
      await opened.load(records, counted, [counted])
      await opened.migrate(worded, [worded])
      const { signal } = new AbortController()
      const log = { warn: () => {} }
      await opened.use(
        async destination => {
          const options = { destination, log, sleep: async () => {}, source: { clock: () => at(9) } }
          expect(await backfillColumns(worded, options, signal)).toBe(1)
        },
        [worded],
      )
      await opened.load(records, worded, [worded])
      const versions = await opened.ask(
        'select raw, _extra, valid_to from recharge.parcels__history order by id, valid_from',
      )
      expect(versions).toEqual([
        { raw: '5', _extra: null, valid_to: null },
        { raw: 'many', _extra: null, valid_to: null },
      ])
      expect(await opened.ask(RAW)).toEqual([{ raw: '5' }, { raw: 'many' }])
    }))

  test('I16: a history that was off while the rows were converted is converted when it is on again', () =>
    within(place, async opened => {
      await opened.load(RECORDS, parcels, [parcels])
      await opened.migrate(retyped)
      await opened.load([parcel(1, 5, { raw: 'Ground' })], retyped)
      await opened.migrate(retyped, [retyped])
      const versions = await opened.ask('select raw from recharge.parcels__history order by id, valid_from')
      expect(versions.map(({ raw }) => raw)).toEqual(['Whole bean', 'Ground', '5', null])
    }))

  describe('an inferred column that is declared with another type', () => {
    const inferred = { table: 'parcels', column: 'tier', path: 'tier', kind: 'text' } as const
    const prepared = async (opened: Opened, values: readonly string[]): Promise<void> => {
      await opened.load()
      await opened.use(async warehouse => {
        await warehouse.keepInferredColumns('parcels', [inferred], '01J' as RunId, at(1))
        await warehouse.prepare(allTables(withInferred(parcels, [inferred])))
      })
      for (const [i, value] of values.entries())
        await opened.ask(`update recharge.parcels set tier = '${value}' where id = ${i + 1}`)
    }
    const tiered = withColumns({ tier: int('Tier.') })
    const left = 'select column_name from recharge._sync_columns'

    test('is converted', () =>
      within(place, async opened => {
        await prepared(opened, ['5', '7'])
        expect((await opened.migrate(tiered)).changed).toMatchObject([
          { column: 'parcels.tier', to: 'bigint', keptIn: null },
        ])
        expect(
          (await opened.ask('select tier from recharge.parcels order by id')).map(({ tier }) => tier && Number(tier)),
        ).toEqual([5, 7, null])
        expect(await opened.ask(left)).toEqual([])
      }))

    test('stays while it is not declared, also where it holds nothing', () =>
      within(place, async opened => {
        await prepared(opened, [])
        expect(await opened.migrate(parcels, [parcels])).toEqual({ changed: [], kept: [] })
        expect(await opened.ask('select tier from recharge.parcels')).toHaveLength(3)
      }))

    test('is renamed where a value does not fit', () =>
      within(place, async opened => {
        await prepared(opened, ['5', 'gold'])
        expect((await opened.migrate(tiered)).changed).toMatchObject([
          { column: 'parcels.tier', keptIn: 'parcels.tier_was_text' },
        ])
        expect(await opened.ask('select tier, tier_was_text as was from recharge.parcels order by id')).toEqual([
          { tier: null, was: '5' },
          { tier: null, was: 'gold' },
          { tier: null, was: null },
        ])
        expect(await opened.ask(left)).toEqual([])
      }))

    test('stays while a view uses it', () =>
      within(place, async opened => {
        await prepared(opened, ['5', 'gold'])
        await opened.ask('create view recharge.tiers as select tier from recharge.parcels')
        expect(await opened.refused(tiered)).toMatchObject({
          kind: 'in_use',
          message: expect.stringContaining('view recharge.tiers'),
        })
        expect(await opened.ask(left)).toHaveLength(1)
        await opened.ask('drop view recharge.tiers')
        expect((await opened.migrate(tiered)).changed).toMatchObject([{ keptIn: 'parcels.tier_was_text' }])
      }))
  })

  describe('a column that is no longer declared', () => {
    const columns = `select column_name from information_schema.columns where table_schema = 'recharge' and table_name = 'parcels' and column_name in ('raw', 'mine')`
    const without = RECORDS.map(({ raw, ...record }, i) => (i === 0 ? { ...record, raw: {} } : record))

    test('is dropped if it holds nothing, in the history too, and is made again by a version that declares it', () =>
      within(place, async opened => {
        await opened.load(without, parcels, [parcels])
        await opened.ask('alter table recharge.parcels add column mine text')
        const { changed, kept } = await opened.migrate(retired, [retired])
        expect(changed.map(({ column, to }) => [column, to])).toEqual([
          ['parcels.raw', null],
          ['parcels__history.raw', null],
        ])
        expect(kept).toEqual([])
        expect(await opened.ask(columns)).toEqual([{ column_name: 'mine' }])
        expect(await opened.migrate(retired, [retired])).toEqual({ changed: [], kept: [] })
        await opened.load(without, retired, [retired])
        // It is not taken for one that somebody dropped.
        await opened.use(async warehouse => {
          await warehouse.prepare(allTables(parcels))
          expect((await warehouse.checkpoint('parcels')).lost).toBeUndefined()
        })
      }))

    test.each([
      ['has a value', '', RECORDS],
      ['is used by a view', 'create view recharge.raws as select raw from recharge.parcels', without],
    ])('stays if it %s, and is the user’s from then on', (_why, statement, records) =>
      within(place, async opened => {
        await opened.load(records)
        if (statement !== '') await opened.ask(statement)
        expect(await opened.migrate(retired)).toEqual({ changed: [], kept: ['parcels.raw'] })
        expect(await opened.ask(columns)).toEqual([{ column_name: 'raw' }])
        expect(await opened.migrate(retired)).toEqual({ changed: [], kept: [] })
        if (statement !== '') await opened.ask('drop view recharge.raws')
        await opened.ask('update recharge.parcels set raw = null')
        expect(await opened.migrate(retired)).toEqual({ changed: [], kept: [] })
        expect(await opened.ask(columns)).toEqual([{ column_name: 'raw' }])
      }),
    )

    test('stays in a warehouse in which it was not recorded who made it', () =>
      within(place, async opened => {
        await opened.load(without)
        await opened.ask(`delete from recharge._sync_settings where name = 'tables'`)
        expect(await opened.migrate(retired)).toEqual({ changed: [], kept: [] })
        expect(await opened.ask(columns)).toEqual([{ column_name: 'raw' }])
      }))
  })
})

describe('postgres', () => {
  const [postgres] = DESTINATIONS.filter(({ name }) => name === 'postgres') as [TestDestination]

  test.each([
    [
      'a materialized view',
      ['create materialized view recharge.beans as select raw from recharge.parcels'],
      /materialized view recharge\.beans/,
      'drop materialized view recharge.beans',
    ],
    [
      'a generated column',
      [`alter table recharge.parcels add column bean text generated always as (raw ->> 'bean') stored`],
      /column bean of table/,
      'alter table recharge.parcels drop column bean',
    ],
    [
      'a function in SQL',
      ['create function recharge.bean() returns jsonb begin atomic select raw from recharge.parcels limit 1; end'],
      /function recharge\.bean\(\)/,
      'drop function recharge.bean',
    ],
    [
      'a trigger',
      [
        'create function recharge.look() returns trigger language plpgsql as $$ begin return new; end $$',
        'create trigger look before update of raw on recharge.parcels for each row execute function recharge.look()',
      ],
      /trigger look on table/,
      'drop trigger look on recharge.parcels',
    ],
    [
      'a policy',
      ['create policy beans on recharge.parcels using (raw is not null)'],
      /policy beans on table/,
      'drop policy beans on recharge.parcels',
    ],
    [
      'a rule of another table',
      [
        'create table recharge.log (id bigint)',
        'create rule also as on insert to recharge.log do also update recharge.parcels set raw = null where id = new.id',
      ],
      /rule also on table/,
      'drop table recharge.log',
    ],
    [
      'an index for one type alone',
      ['create index beans on recharge.parcels using gin (raw jsonb_path_ops)'],
      /jsonb_path_ops|gin/,
      'drop index recharge.beans',
    ],
    [
      'a check of the type',
      [`alter table recharge.parcels add constraint beans check (raw -> 'a' is null)`],
      /operator|jsonb/,
      'alter table recharge.parcels drop constraint beans',
    ],
  ])('%s that uses the column is named, and nothing changes until it is gone', (_what, statements, named, drop) =>
    within(postgres, async opened => {
      await opened.load()
      for (const statement of statements) await opened.ask(statement)
      const before = await stateOf(opened)
      const error = await opened.refused()
      expect(error).toMatchObject({ kind: 'in_use' })
      expect(error.message).toMatch(named)
      expect(await stateOf(opened)).toEqual(before)
      await opened.ask(drop)
      await opened.migrate()
      expect(await opened.ask(RAW)).toEqual(CONVERTED)
    }),
  )

  test('an index, a constraint and statistics of the user’s are made again by Postgres', () =>
    within(postgres, async opened => {
      await opened.load()
      await opened.ask('create index beans on recharge.parcels (raw, id)')
      await opened.ask('alter table recharge.parcels add constraint fair check (raw is not null or id > 0)')
      await opened.ask('create statistics recharge.both on raw, label from recharge.parcels')
      await opened.migrate()
      expect(await opened.ask(RAW)).toEqual(CONVERTED)
      expect(await opened.ask(`select indexdef from pg_indexes where indexname = 'beans'`)).toHaveLength(1)
    }))

  test('a value that somebody writes while a conversion waits for the table is looked at too', () =>
    within(postgres, async opened => {
      await opened.load([parcel(1, 1, { raw: '5' })])
      if (opened.config.kind !== 'postgres') throw new Error('there is no Postgres')
      const writer = new pg.Client({ connectionString: opened.config.url })
      await writer.connect()
      try {
        await writer.query(`begin; update recharge.parcels set raw = '"Whole bean"'`)
        const refused = opened.refused(withColumns({ raw: int('Units.') }))
        await writer.query(`do $$ begin
          while not exists (select 1 from pg_locks l join pg_class c on c.oid = l.relation
            where c.relname = 'parcels' and not l.granted) loop perform pg_sleep(0.01); end loop; end $$`)
        await writer.query('commit')
        expect(await refused).toMatchObject({ kind: 'incompatible', message: expect.stringContaining('Whole bean') })
        expect(await opened.ask(RAW)).toEqual([{ raw: '"Whole bean"' }])
      } finally {
        await writer.end()
      }
    }))

  test('what another process has converted in the meantime is left alone', () =>
    within(postgres, async opened => {
      await opened.load()
      await opened.use(async late => {
        await late.prepare(allTables(retyped))
        await opened.migrate()
        expect(await late.migrateColumns(retyped, new AbortController().signal)).toEqual({ changed: [], kept: [] })
        expect(await opened.ask(RAW)).toEqual(CONVERTED)
        await opened.ask('update recharge.parcels set raw = null')
        await late.prepare(allTables(retired))
        expect((await opened.migrate(retired)).changed).toHaveLength(1)
        expect(await late.migrateColumns(retired, new AbortController().signal)).toEqual({ changed: [], kept: [] })
      })
    }))

  test('a column that could be dropped can wait for somebody who reads its table', () =>
    within(postgres, async opened => {
      await opened.load([parcel(1, 1)])
      if (opened.config.kind !== 'postgres') throw new Error('there is no Postgres')
      const reader = new pg.Client({ connectionString: opened.config.url })
      await reader.connect()
      try {
        await reader.query('begin; select count(*) from recharge.parcels')
        expect(await opened.migrate(retired)).toEqual({ changed: [], kept: [] })
      } finally {
        await reader.end()
      }
      expect((await opened.migrate(retired)).changed).toMatchObject([{ column: 'parcels.raw', to: null }])
    }))

  test('a table that somebody reads is waited for, and then told', () =>
    within(postgres, async opened => {
      await opened.load()
      if (opened.config.kind !== 'postgres') throw new Error('there is no Postgres')
      const reader = new pg.Client({ connectionString: opened.config.url, application_name: 'slow report' })
      await reader.connect()
      try {
        await reader.query('begin; select count(*) from recharge.parcels')
        const before = await stateOf(opened)
        const error = await opened.refused()
        expect(error).toMatchObject({ kind: 'locked' })
        expect(error.message).toContain('slow report')
        expect(await stateOf(opened)).toEqual(before)
      } finally {
        await reader.end()
      }
      await opened.migrate()
      expect(await opened.ask(RAW)).toEqual(CONVERTED)
    }))
})

describe('duckdb', () => {
  const [duckdb] = DESTINATIONS.filter(({ name }) => name === 'duckdb') as [TestDestination]

  test('an index on any column of the table is named', () =>
    within(duckdb, async opened => {
      await opened.load()
      await opened.ask('create index labels on recharge.parcels (label)')
      const before = await stateOf(opened)
      const error = await opened.refused()
      expect(error).toMatchObject({ kind: 'in_use', message: expect.stringContaining('index recharge.labels') })
      expect(await stateOf(opened)).toEqual(before)
      await opened.ask('drop index recharge.labels')
      await opened.migrate()
      expect(await opened.ask(RAW)).toEqual(CONVERTED)
    }))

  test('a view that names the file by its catalog is named, because it cannot be tried', () =>
    within(duckdb, async opened => {
      await opened.load()
      await opened.ask('create view beans as select raw from warehouse.recharge.parcels')
      await opened.ask('create view items as select * from warehouse.recharge.parcels__items')
      const error = await opened.refused()
      expect(error).toMatchObject({ kind: 'in_use' })
      expect(error.message).toContain('view main.beans')
      expect(error.message).not.toContain('view main.items')
    }))
})
