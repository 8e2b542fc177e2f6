import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { STREAMS } from '../../src/cli/app.ts'
import type { Config } from '../../src/cli/config/load.ts'
import { allTables } from '../../src/schema/table.ts'
import { cli, writeConfig } from '../support/cli.ts'
import { DESTINATIONS, type DestinationConfig, withDatabase, withFolder } from '../support/destinations.ts'
import { withQuery } from '../support/dump.ts'
import { NO_PGBOUNCER, withPgbouncer } from '../support/pgbouncer.ts'
import { configFor, runSync, withSimulator } from '../support/run.ts'
import { type Synced, synced } from '../support/synced.ts'

type Sql = Synced['sql']

/** Indexes as `table.column`, without those of primary keys. */
async function indexesIn(sql: Sql): Promise<string[]> {
  const rows = await sql(
    `select t.relname || '.' || a.attname as name from pg_index i join pg_class t on t.oid = i.indrelid
     join pg_attribute a on a.attrelid = t.oid and a.attnum = i.indkey[0]
     where t.relnamespace = cast('recharge' as regnamespace) and not i.indisprimary order by 1`,
  )
  return rows.map(({ name }) => String(name))
}

const declared = (...streams: string[]): string[] =>
  STREAMS.filter(({ name }) => streams.length === 0 || streams.includes(name))
    .flatMap(allTables)
    .flatMap(({ name, indexed = [] }) => indexed.map(column => `${name}.${column}`))
    .sort()

interface Fresh {
  readonly config: Config
  readonly sql: Sql
  readonly simulator: Synced['simulator']
  readonly url: string
  readonly folder: string
}

/** A store and an empty database. */
const fresh = (work: (fresh: Fresh) => Promise<void>): Promise<void> =>
  withSimulator({}, simulator =>
    withDatabase(url =>
      withFolder(async folder => {
        const destination: DestinationConfig = { kind: 'postgres', url, schema: 'recharge' }
        const sql: Sql = statement => withQuery(destination, query => query(statement))
        await work({ simulator, url, folder, sql, config: configFor(simulator, destination, folder) })
      }),
    ),
  )

/** A warehouse that was loaded and has none of the indexes, as of an older version. */
const loaded = (streams: readonly string[], work: (at: Synced) => Promise<void>): Promise<void> => {
  const [, postgres] = DESTINATIONS
  if (!postgres) throw new Error('there is no Postgres')
  return synced(postgres, streams, async at => {
    for (const index of await at.sql(
      `select indexname as name from pg_indexes where schemaname = 'recharge' and indexname like '%\\_idx'`,
    ))
      await at.sql(`drop index recharge.${index.name}`)
    await work(at)
  })
}

/** Makes every CREATE INDEX do this first. */
async function beforeIndex(sql: Sql, statement: string): Promise<void> {
  await sql(
    `create function public.before_index() returns event_trigger language plpgsql as $$ begin ${statement}; end $$`,
  )
  await sql(
    `create event trigger before_index on ddl_command_start when tag in ('CREATE INDEX') execute function public.before_index()`,
  )
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await wait(20)
}

const building = async (sql: Sql): Promise<boolean> =>
  (await sql(`select 1 from pg_stat_activity where query like 'create index%' and state = 'active'`)).length > 0

test('a first run makes the indexes of all streams after their rows are loaded, and the next run makes none', () =>
  fresh(async ({ config, sql }) => {
    await sql('create table public.made (name text, rows bigint)')
    await sql(`
      create function public.note() returns event_trigger language plpgsql as $$
      declare made record; begin
        for made in select i.indrelid::regclass as name from pg_event_trigger_ddl_commands() c
          join pg_index i on i.indexrelid = c.objid
        loop execute format('insert into public.made select %L, count(*) from %s', made.name, made.name); end loop;
      end $$`)
    await sql(
      `create event trigger note on ddl_command_end when tag in ('CREATE INDEX') execute function public.note()`,
    )
    const first = await runSync(config)
    expect(first.code, first.text).toBe(0)
    const named = STREAMS.filter(({ optIn }) => !optIn).map(({ name }) => name)
    expect(await indexesIn(sql)).toEqual(declared(...named))
    const early = await sql(
      `select name, rows from public.made where rows <> (xpath('/row/n/text()',
         query_to_xml('select count(*) as n from ' || name, false, true, '')))[1]::text::bigint`,
    )
    expect(early).toEqual([])
    expect(await sql('select count(*)::int as n from public.made')).toEqual([{ n: declared(...named).length }])
    // The planner knows all tables of a stream that has rows, also those that got no index.
    const unknown = await sql(
      `select relname from pg_class where relnamespace = cast('recharge' as regnamespace) and relkind = 'r'
       and relname like 'charges%' and reltuples < 0`,
    )
    expect(unknown).toEqual([])
    await beforeIndex(sql, `raise exception 'an index more'`)
    const second = await runSync(config)
    expect(second.report.streams.map(({ stream, problem }) => [stream, problem])).toEqual(
      named.map(name => [name, null]),
    )
  }))

test('a run that is killed before it makes them leaves them to the next run', () =>
  fresh(async ({ config, sql, simulator, url, folder }) => {
    writeConfig(
      folder,
      `recharge:\n  token: \${RECHARGE_ACCESS_TOKEN}\n  base_url: ${simulator.url}\ndestination:\n  postgres: ${url}\nsensitive: keep\n`,
    )
    const destination: DestinationConfig = { kind: 'postgres', url, schema: 'recharge' }
    await withQuery(destination, async hold => {
      // What keeps an index from being made, and lets rows be written.
      let held = false
      simulator.faults.before(async ({ path }) => {
        if (path !== '/customers' || held) return
        held = true
        await hold('begin')
        await hold('lock table recharge.customers in share update exclusive mode')
      })
      const left = await cli(
        folder,
        ['sync', '--streams', 'customers', '--no-progress'],
        { RECHARGE_ACCESS_TOKEN: simulator.token },
        child => {
          void until(async () => building(sql)).then(() => child.kill('SIGKILL'))
        },
      )
      expect(left.signal, left.stderr).toBe('SIGKILL')
      await hold('rollback')
    })
    const [rows] = await sql('select count(*)::int as n from recharge.customers')
    expect(rows?.n).toBe(simulator.store.count('customers'))
    await until(async () => !(await building(sql)))
    expect(await indexesIn(sql)).toEqual([])
    const next = await runSync(config, ['customers'])
    expect(next.code, next.text).toBe(0)
    expect(next.of('customers')).toMatchObject({ added: 0, changed: 0, problem: null })
    expect(await indexesIn(sql)).toEqual(declared('customers'))
  }))

test('an index of a user on a column is not made again, unless it is of a part of the rows or was not finished', () =>
  loaded(['charges'], async ({ config, sql }) => {
    await sql('create index mine on recharge.charges (customer_id, created_at)')
    // Values repeat, so it is left behind unfinished.
    await expect(sql('create unique index concurrently broken on recharge.charges (updated_at)')).rejects.toThrow()
    // With the name that ours would have had.
    await sql('create index charges_address_id_idx on recharge.charges (address_id) where _deleted_at is null')
    const ran = await runSync(config, ['charges'])
    expect([ran.code, ran.of('charges').problem]).toEqual([0, null])
    expect(await indexesIn(sql)).toEqual([...declared('charges'), 'charges.address_id', 'charges.updated_at'].sort())
    expect(await sql(`select count(*)::int as n from pg_indexes where indexdef like '%(customer_id%'`)).toEqual([
      { n: 1 },
    ])
  }))

test('with indexes: false none is made, and those that are there stay', () =>
  loaded(['customers', 'charges'], async ({ config, sql }) => {
    const none = await runSync({ ...config, indexes: false }, ['customers'])
    expect([none.code, await indexesIn(sql)]).toEqual([0, []])
    expect((await runSync(config, ['customers'])).code).toBe(0)
    expect((await runSync({ ...config, indexes: false }, ['customers', 'charges'])).code).toBe(0)
    expect(await indexesIn(sql)).toEqual(declared('customers'))
  }))

describe('an index that cannot be made is a warning, and the next run makes it', () => {
  const failing = (work: (at: Synced) => Promise<void>, message: RegExp, next: RegExp): Promise<void> =>
    loaded(['customers'], async at => {
      await work(at)
      const ran = await runSync(at.config, ['customers'])
      const { outcome, problem } = ran.of('customers')
      expect([ran.code, outcome, problem?.code], ran.text).toEqual([0, 'complete', 'no_index'])
      expect(problem?.message).toMatch(message)
      expect(problem?.next).toMatch(next)
      expect(problem?.next).toContain('indexes: false')
      expect(await indexesIn(at.sql)).toEqual([])
      await at.sql('drop event trigger before_index')
      const again = await runSync(at.config, ['customers'])
      expect([again.code, again.of('customers').problem]).toEqual([0, null])
      expect(await indexesIn(at.sql)).toEqual(declared('customers'))
    })

  test('the disk is full', () =>
    failing(
      ({ sql }) => beforeIndex(sql, `raise exception 'could not extend file' using errcode = 'disk_full'`),
      /could not extend file/,
      /Make room/,
    ))

  test('the tables belong to another role', () =>
    loaded(['customers'], async ({ config, sql, destination }) => {
      if (destination.kind !== 'postgres') throw new Error('there is no Postgres')
      const role = `writer_${randomUUID().replaceAll('-', '')}`
      await sql(`create role ${role} login password 'writer'`)
      try {
        await sql(`grant usage, create on schema recharge to ${role}`)
        await sql(`grant select, insert, update, delete on all tables in schema recharge to ${role}`)
        const url = new URL(destination.url)
        url.username = role
        url.password = 'writer'
        const ran = await runSync({ ...config, destination: { ...destination, url: url.href } }, ['customers'])
        const { outcome, problem } = ran.of('customers')
        expect([ran.code, outcome, problem?.code], ran.text).toEqual([0, 'complete', 'no_index'])
        expect(problem?.message).toContain('must be owner of table customers')
        expect(problem?.next).toContain('Only the owner of a table can add columns and indexes')
      } finally {
        await sql(`drop owned by ${role}`)
        await sql(`drop role ${role}`)
      }
    }))

  test('an error that nobody foresaw', () =>
    failing(
      ({ sql }) => beforeIndex(sql, `raise exception 'surprise' using errcode = 'internal_error'`),
      /surprise/,
      /report/,
    ))
})

test('a time-out of the server for statements does not end the making of an index', () =>
  loaded(['customers'], async ({ config, sql }) => {
    await beforeIndex(sql, 'perform pg_sleep(1.5)')
    await sql(
      `do $$ begin execute format('alter database %I set statement_timeout = ''1s''', current_database()); end $$`,
    )
    const ran = await runSync(config, ['customers'])
    expect([ran.code, ran.of('customers').problem]).toEqual([0, null])
    expect(await indexesIn(sql)).toEqual(declared('customers'))
  }))

test('an interruption stops the making of an index in the server, and the next run makes it', () =>
  loaded(['customers'], async ({ config, sql }) => {
    await beforeIndex(sql, 'perform pg_sleep(20)')
    const stop = new AbortController()
    const running = runSync(config, ['customers'], stop.signal)
    await until(() => building(sql))
    stop.abort()
    const ran = await running
    expect(ran.code, ran.text).toBe(130)
    expect([await building(sql), await indexesIn(sql)]).toEqual([false, []])
    await sql('drop event trigger before_index')
    expect((await runSync(config, ['customers'])).code).toBe(0)
    expect(await indexesIn(sql)).toEqual(declared('customers'))
  }))

describe.skipIf(NO_PGBOUNCER !== null).each(['session', 'transaction'] as const)('pgbouncer in %s mode', mode => {
  test('indexes are made, and an interruption stops the making of one', () =>
    fresh(async ({ config, sql, url }) => {
      await withPgbouncer(url, mode, async pooled => {
        const behind: Config = { ...config, destination: { kind: 'postgres', url: pooled, schema: 'recharge' } }
        await beforeIndex(sql, 'perform pg_sleep(20)')
        const stop = new AbortController()
        const running = runSync(behind, ['customers'], stop.signal)
        await until(() => building(sql))
        stop.abort()
        expect([(await running).code, await building(sql), await indexesIn(sql)]).toEqual([130, false, []])
        await sql('drop event trigger before_index')
        const ran = await runSync(behind, ['customers'])
        expect([ran.code, ran.of('customers').problem]).toEqual([0, null])
        expect(await indexesIn(sql)).toEqual(declared('customers'))
      })
    }))
})
