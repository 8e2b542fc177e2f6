import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { STREAMS } from '../../src/cli/app.ts'
import { yamlText } from '../../src/cli/config/yaml-text.ts'
import { SYSTEM_TABLES } from '../../src/load/sql/system-tables.ts'
import { int, oneOf, references, referencesBy, required, text } from '../../src/schema/column.ts'
import { dbtSources } from '../../src/schema/dbt-sources.ts'
import { child, stream } from '../../src/schema/define.ts'
import { liveViews } from '../../src/schema/live-views.ts'
import { withPolicies } from '../../src/schema/policy.ts'
import { Salt } from '../../src/schema/salt.ts'
import { allTables } from '../../src/schema/table.ts'
import { view } from '../../src/schema/view.ts'
import { WANTED } from '../support/views.ts'

const common = { doc: 'A record.', list: 'x', scopes: [], key: 'id', sync: { mode: 'full' } } as const
const people = stream({
  ...common,
  name: 'people',
  singular: 'person',
  path: '/people',
  columns: { id: required(int('Key.')) },
})
const visits = stream({
  ...common,
  name: 'visits',
  singular: 'visit',
  path: '/visits',
  columns: {
    id: required(int('Key.')),
    person_id: references('people', int('Who came.')),
    other_id: references(['people', 'visits'], int('Of which of them is not known.')),
    missing_id: references('places', int('A stream that is not selected.')),
    state: oneOf(['open', 'closed'], text('State, as {{ braces }}.')),
  },
  children: {
    parts: child({
      doc: 'A part.',
      from: 'parts',
      columns: {
        of_id: referencesBy('of', { person: 'people' }, int('Of whom.')),
        of: text('Of what.'),
      },
    }),
  },
})
const streams = [people, visits]
const tables = streams.flatMap(allTables)

const written = (options: Partial<Parameters<typeof dbtSources>[0]> = {}) =>
  dbtSources({ schema: 'shop', streams, tables, views: [], ...options })

const tableOf = (name: string, document = written()) =>
  document.sources.flatMap(source => source.tables).find(table => table.name === name)
const testsOf = (table: string, column: string, document = written()) =>
  tableOf(table, document)?.columns.find(({ name }) => name === column)?.data_tests

test('a key is unique and not null, and a compound key is so as one text', () => {
  expect(testsOf('visits', 'id')).toEqual(['unique', 'not_null'])
  const key = `cast("visit_id" as varchar) || '|' || cast("index" as varchar)`
  expect(tableOf('visits__parts')?.data_tests).toEqual([
    { unique: { name: 'unique_visits__parts_key', arguments: { column_name: key } } },
    { not_null: { name: 'not_null_visits__parts_key', arguments: { column_name: key } } },
  ])
  expect(tableOf('visits__parts')?.columns.find(({ name }) => name === 'index')).toMatchObject({ quote: true })
})

test('a row of a list without its owner is an error, and what another id names a warning', () => {
  const to = (target: string) => ({ to: `source('shop_tables', '${target}')`, field: 'id' })
  expect(testsOf('visits__parts', 'visit_id')).toEqual([{ relationships: { arguments: to('visits'), config: {} } }])
  const severity = "{{ var('recharge_references', 'warn') }}"
  expect(testsOf('visits', 'person_id')).toEqual([{ relationships: { arguments: to('people'), config: { severity } } }])
  expect(testsOf('visits__parts', 'of_id')).toEqual([
    { relationships: { arguments: to('people'), config: { where: `"of" = 'person'`, severity } } },
  ])
  expect(testsOf('visits', 'other_id')).toBeUndefined()
  expect(testsOf('visits', 'missing_id')).toBeUndefined()
})

test('known values are accepted values, unless the column is stored as a hash', () => {
  const values = ['open', 'closed']
  const config = { severity: "{{ var('recharge_values', 'error') }}" }
  expect(testsOf('visits', 'state')).toEqual([{ accepted_values: { arguments: { values }, config } }])
  const columns = { visits: { state: 'hash' } } as const
  const hashed = withPolicies(visits, { sensitive: 'hash', columns, onMismatch: 'null', drift: 'capture' }, new Salt())
  const document = written({ streams: [people, hashed], tables: [people, hashed].flatMap(allTables) })
  expect(testsOf('visits', 'state', document)).toBeUndefined()
  expect(liveViews([visits], [])[0]?.columns.state?.values).toEqual(values)
  expect(liveViews([hashed], [])[0]?.columns.state?.values).toEqual([])
})

test('each table of a stream is as fresh as the checkpoint of the stream', () => {
  const query =
    "select max(committed_at) from {{ this.incorporate(path={'schema': 'shop', 'identifier': '_sync_checkpoints'}) }} where stream = 'visits'"
  for (const name of ['visits', 'visits__parts'])
    expect(tableOf(name)?.config).toMatchObject({ loaded_at_query: query, freshness: { warn_after: { count: 36 } } })
})

test('the grain of a view is unique, and a live view has the tests of its table', () => {
  const days = view({
    name: 'days',
    layer: 'metrics',
    doc: 'A day.',
    grain: ['day', 'currency'],
    columns: { day: text('Day.'), currency: text('Currency.'), state: oneOf(['open', 'closed'], text('State.')) },
    sql: 'select 1',
  })
  const document = written({ views: [...liveViews([visits], []), days] })
  const views = document.sources.find(({ name }) => name === 'shop_analytics')?.tables ?? []
  expect(views.map(({ name }) => name)).toEqual(['visits', 'visits__parts', 'days'])
  expect(views[0]?.config?.loaded_at_query).toContain("where stream = 'visits'")
  expect(views[0]?.columns.some(({ data_tests }) => data_tests)).toBe(false)
  expect(views[2]?.data_tests).toEqual([
    {
      unique: {
        name: 'unique_days_grain',
        arguments: {
          column_name: `coalesce(cast("day" as varchar), '') || '|' || coalesce(cast("currency" as varchar), '')`,
        },
      },
    },
  ])
  expect(views[2]?.columns[2]?.data_tests).toHaveLength(1)
})

test('dbt finds no template in a description, and the file is the document', () => {
  expect(testsOf('visits', 'state')).toBeDefined()
  expect(tableOf('visits')?.columns.find(({ name }) => name === 'state')?.description).toContain('{ { braces }}')
  const document = dbtSources({
    schema: 'recharge',
    streams: STREAMS,
    tables: [...STREAMS.flatMap(allTables), ...SYSTEM_TABLES],
    views: WANTED.views.filter(({ schema }) => schema === 'analytics'),
  })
  expect(parse(yamlText(document))).toEqual(document)
  // The package dbt_recharge has a source of the name recharge.
  expect(document.sources.map(({ name, schema }) => [name, schema])).toEqual([
    ['recharge_tables', 'recharge'],
    ['recharge_analytics', 'recharge_analytics'],
  ])
  const names = document.sources.flatMap(({ tables: all }) =>
    all.flatMap(({ data_tests = [] }) => data_tests.flatMap(one => Object.values(one).map(({ name }) => name))),
  )
  expect(names.length).toBeGreaterThan(50)
  expect(new Set(names).size).toBe(names.length)
})
