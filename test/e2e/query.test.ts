import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { parse } from 'csv-parse/sync'
import { describe, expect, test } from 'vitest'
import { createApp, STREAMS } from '../../src/cli/app.ts'
import { type Asked, query } from '../../src/cli/commands/query.ts'
import { configFrom } from '../../src/cli/config/load.ts'
import { Interrupted, QueryError } from '../../src/common/errors.ts'
import { DESTINATIONS, type DestinationConfig, withFolder } from '../support/destinations.ts'
import { withQuery } from '../support/dump.ts'

/** Values that a careless reader of them would change. */
const TABLES = [
  'create schema recharge',
  'create schema recharge_analytics',
  `create table recharge.orders (id bigint, total decimal(18, 6), rate decimal(28, 10), paid_at timestamp with time zone, on_day date,
     paid boolean, note text, share double precision)`,
  `insert into recharge.orders values
     (9007199254740993, 12345678901.100000, 0.0888750000, '2026-03-08 01:30:00-05:00', '2026-03-08', true, 'a "b", c', 0.1),
     (7, 0.1, 2, null, null, false, '', 2), (8, null, null, null, null, null, null, null)`,
  `comment on table recharge.orders is 'Orders, deleted ones too.'`,
  `comment on column recharge.orders.total is 'What the customer paid.'`,
  'create table recharge.only_here (n int)',
  'create view recharge_analytics.orders as select id from recharge.orders where id < 10',
  `comment on view recharge_analytics.orders is 'Orders that exist.'`,
]
const ALL = 'select * from recharge.orders order by id desc'

const asked = (argument: string | null, more: Partial<Asked> = {}): Asked => ({
  argument,
  file: null,
  list: false,
  csv: false,
  ...more,
})

function ask(
  destination: DestinationConfig,
  what: Asked,
  { input = '', isTTY = false, signal = new AbortController().signal } = {},
) {
  const stdin = Object.assign(new PassThrough(), { isTTY }) as unknown as NodeJS.ReadStream & PassThrough
  stdin.end(input)
  const { schema } = destination
  const target = destination.kind === 'duckdb' ? { duckdb: destination.file } : { postgres: destination.url }
  const config = configFrom({ recharge: { token: 'sk_test_1' }, destination: { ...target, schema } }, STREAMS)
  const app = createApp(config, { level: 'silent', runsDirectory: null })
  return query(app, what, { stdin, stdout: { isTTY } }, signal)
}

const failure = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => error,
  )

describe.each(DESTINATIONS)('$name', place => {
  const withTables = (work: (destination: DestinationConfig) => Promise<void>): Promise<void> =>
    place.with(async destination => {
      await withQuery(destination, async run => {
        for (const statement of TABLES) await run(statement)
      })
      await work(destination)
    })

  test('values arrive with all their digits, as a table, as CSV and as JSON', () =>
    withTables(async destination => {
      const { text, json } = await ask(destination, asked(ALL))
      expect(text.split('\n')).toEqual([
        '              id               total          rate  paid_at                 on_day      paid   note      share',
        '9007199254740993  12345678901.100000  0.0888750000  2026-03-08 06:30:00+00  2026-03-08  true   a "b", c    0.1',
        '               8                   –             –  –                       –           –      –             –',
        '               7            0.100000  2.0000000000  –                       –           false                2',
      ])
      expect(json).toEqual([
        {
          id: '9007199254740993',
          total: '12345678901.100000',
          rate: '0.0888750000',
          paid_at: '2026-03-08 06:30:00+00',
          on_day: '2026-03-08',
          paid: true,
          note: 'a "b", c',
          share: 0.1,
        },
        { id: 8, total: null, rate: null, paid_at: null, on_day: null, paid: null, note: null, share: null },
        {
          id: 7,
          total: '0.100000',
          rate: '2.0000000000',
          paid_at: null,
          on_day: null,
          paid: false,
          note: '',
          share: 2,
        },
      ])
      const csv = await ask(destination, asked(ALL, { csv: true }))
      const [head, first, ...rest] = parse(csv.text)
      expect(head).toEqual(['id', 'total', 'rate', 'paid_at', 'on_day', 'paid', 'note', 'share'])
      expect(first?.slice(0, 2)).toEqual(['9007199254740993', '12345678901.100000'])
      expect(first?.[6]).toBe('a "b", c')
      expect(rest).toHaveLength(2)
      // Null and an empty text differ.
      expect(csv.text.split('\n').slice(2)).toEqual(['8,,,,,,,', '7,0.100000,2.0000000000,,,false,"",2'])
      const twice = await ask(destination, asked('select 1 as n, 2 as n, 3 as n_2'))
      expect(twice.json).toEqual([{ n: 1, n_3: 2, n_2: 3 }])
      expect((await ask(destination, asked('select id from recharge.orders where id < 0'))).text).toBe('id\n(no rows)')
    }))

  test('a line break and a control character are escaped on a terminal, and in CSV only there', () =>
    withTables(async destination => {
      const evil = `select 'a' || chr(10) || 'b' || chr(27) || '[2J' as t`
      expect((await ask(destination, asked(evil))).text).toBe('t\na\\nb\\u001b[2J')
      expect((await ask(destination, asked(evil, { csv: true }))).text).toBe('t\n"a\nb\u001b[2J"')
      expect((await ask(destination, asked(evil, { csv: true }), { isTTY: true })).text).toBe('t\na\\nb\\u001b[2J')
    }))

  test('a query comes from the argument, a file or stdin; a name without a schema is a view first', () =>
    withTables(async destination => {
      const count = 'select count(*) as n from orders'
      expect((await ask(destination, asked(`-- mine\n/* all; of them */ (${count});`))).json).toEqual([{ n: 2 }])
      expect((await ask(destination, asked('select count(*) as n from only_here'))).json).toEqual([{ n: 0 }])
      expect((await ask(destination, asked(null), { input: `${count};\n` })).json).toEqual([{ n: 2 }])
      expect((await ask(destination, asked('-'), { input: count })).json).toEqual([{ n: 2 }])
      await withFolder(async folder => {
        const file = join(folder, 'q.sql')
        writeFileSync(file, `\ufeff${count}`)
        expect((await ask(destination, asked(null, { file }))).json).toEqual([{ n: 2 }])
        expect(String(await failure(ask(destination, asked('select 1', { file }))))).toMatch(/not both/)
        expect(String(await failure(ask(destination, asked(null, { file: join(folder, 'no.sql') }))))).toMatch(
          /no\.sql cannot be read/,
        )
      })
      expect(String(await failure(ask(destination, asked(null), { isTTY: true })))).toMatch(/give a query in quotes/)
      expect(String(await failure(ask(destination, asked(null), { input: ' \n' })))).toMatch(/there is no query/)
    }))

  test('nothing can be written, whatever the statement is', () =>
    withTables(async destination => {
      const refused = [
        'insert into recharge.only_here values (1)',
        'update recharge.orders set total = 0',
        'delete from recharge.orders',
        'drop table recharge.orders',
        'create table recharge.new (n int)',
        `copy (select 1) to '/tmp/recharge-sync-must-not-be-there'`,
        'commit',
        'set search_path to recharge',
        '/* select */ truncate recharge.orders',
      ]
      for (const statement of refused) {
        const error = await failure(ask(destination, asked(statement)))
        expect(error, statement).toBeInstanceOf(QueryError)
        expect(String(error)).toMatch(/`query` only reads/)
      }
      // These begin like a query. The database refuses them.
      const hidden = {
        'explain analyze delete from recharge.orders': /read-only/i,
        'explain analyze insert into recharge.only_here values (1)': /read-only/i,
        'select 1; drop table recharge.orders': /Give one statement/,
        'select 1; commit; drop table recharge.orders': /Give one statement/,
        ...(place.name === 'postgres' && {
          'with gone as (delete from recharge.orders returning id) select * from gone': /read-only/i,
          'select 1 as n into recharge.new': /read-only/i,
        }),
        ...(place.name === 'duckdb' && {
          [`select * from read_text('${import.meta.filename}')`]: /disabled by configuration/,
        }),
      }
      for (const [statement, says] of Object.entries(hidden)) {
        const error = await failure(ask(destination, asked(statement)))
        expect(error, statement).toBeInstanceOf(QueryError)
        expect(String(error), statement).toMatch(says)
      }
      const { json } = await ask(
        destination,
        asked('select (select count(*) from recharge.orders) as o, (select count(*) from only_here) as n'),
      )
      expect(json).toEqual([{ o: 3, n: 0 }])
      expect((await ask(destination, asked(null, { list: true }))).text).not.toContain('recharge.new')
    }))

  test('--list shows tables and views with their docs, and the columns of one', () =>
    withTables(async destination => {
      const { json, text } = await ask(destination, asked(null, { list: true }))
      expect(json).toEqual([
        { relation: 'recharge_analytics.orders', kind: 'view', columns: 1, 'what it is': 'Orders that exist.' },
        { relation: 'recharge.only_here', kind: 'table', columns: 1, 'what it is': null },
        { relation: 'recharge.orders', kind: 'table', columns: 8, 'what it is': 'Orders, deleted ones too.' },
      ])
      expect(text).toMatch(/^recharge\.orders +table +8 {2}Orders, deleted ones too\.$/m)
      const columns = (await ask(destination, asked('recharge.orders', { list: true }))).json as Record<
        string,
        unknown
      >[]
      expect(columns).toHaveLength(8)
      expect(columns[1]).toMatchObject({ column: 'total', 'what it is': 'What the customer paid.' })
      expect((await ask(destination, asked('ORDERS', { list: true }))).json).toHaveLength(9)
      const error = await failure(ask(destination, asked('nothing', { list: true })))
      expect(String(error)).toMatch(/There is no table or view nothing/)
    }))

  test('an error shows the message of the database and the place, and an interruption ends the query', () =>
    withTables(async destination => {
      const error = await failure(ask(destination, asked(`select id,\n  totl from recharge.orders`)))
      if (!(error instanceof QueryError)) throw error
      expect(error.text).toMatch(/totl/)
      expect(error.text).toMatch(/\nLINE 2: {3}totl from recharge\.orders\n {10}\^/)
      expect(error.next).toMatch(/query --list/)
      for (const wrong of ['selct 1', 'select 1 / nothing', 'select $1', `select cast('x' as int)`])
        expect(await failure(ask(destination, asked(wrong))), wrong).toBeInstanceOf(QueryError)
      const interruption = new AbortController()
      setTimeout(() => interruption.abort(), 300)
      const endless = `with recursive n as (select 1 as i union all select i + 1 from n where i < 2000000000) select max(i) from n`
      const started = performance.now()
      expect(await failure(ask(destination, asked(endless), { signal: interruption.signal }))).toBeInstanceOf(
        Interrupted,
      )
      expect(performance.now() - started).toBeLessThan(10_000)
    }))
})
