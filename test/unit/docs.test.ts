import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { STREAMS } from '../../src/cli/app.ts'
import { allTables, SYSTEM_COLUMNS, tablesOf } from '../../src/schema/table.ts'

/* docs/streams.md as it is committed; `npm run gen -- --check` holds it to the declarations. */

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const document = read('docs/streams.md')

/** The cells of the table rows below a heading. */
function rowsBelow(heading: string): string[][] {
  const [, below = ''] = document.split(`\n${heading}\n`)
  const [section = ''] = below.split(/\n##/)
  const rows = section.split('\n').filter(line => line.startsWith('| '))
  return rows.slice(2).map(line => line.slice(2, -2).split(' | '))
}

const plain = (cell = ''): string => cell.replaceAll('`', '')

/** Type of each column in a file of DDL, by table and column. */
function typesIn(ddl: string): Map<string, string> {
  const types = new Map<string, string>()
  for (const [, table, columns = ''] of ddl.matchAll(
    /^create table "recharge"\."(?!_sync_)(\w+)" \(\n([\s\S]*?)\);$/gm,
  ))
    for (const [, column, type = ''] of columns.matchAll(/^ {2}"(\w+)" ([a-z]+(?:\(\d+, \d+\))?(?: not null)?)/gm))
      types.set(`${table}.${column}`, type)
  return types
}

describe.each([
  ['DuckDB', 1, typesIn(read('test/golden/duckdb.sql'))],
  ['Postgres', 2, typesIn(read('test/golden/postgres.sql'))],
] as const)('the types of %s', (_name, at, types) => {
  test('are those of the DDL, for every column', () => {
    const listed = new Map(
      STREAMS.flatMap(allTables).flatMap(({ name }) => {
        const isRoot = STREAMS.some(stream => tablesOf(stream).root.name === name)
        const rows = [...rowsBelow(`### ${name}`), ...(isRoot ? rowsBelow('## Columns that every stream has') : [])]
        return rows.map(cells => [`${name}.${plain(cells[0])}`, cells[at] ?? ''] as const)
      }),
    )
    expect(types.size).toBeGreaterThan(600)
    expect([...listed].sort()).toEqual([...types].sort())
  })
})

test('each column says what it means, which values are known, and what it joins to', () => {
  const [root] = STREAMS.filter(({ name }) => name === 'subscriptions').map(stream => tablesOf(stream).root)
  const meanings = new Map(rowsBelow('### subscriptions').map(cells => [plain(cells[0]), cells[3]]))
  expect([...meanings.keys()]).toEqual(
    root?.columns.map(({ name }) => name).filter(name => !Object.hasOwn(SYSTEM_COLUMNS, name)),
  )
  expect(meanings.get('status')).toContain('Known values: active, cancelled, expired, onetime.')
  expect(meanings.get('customer_id')).toBe('Id of the customer who subscribes. Joins to customers.id.')
})

test('every reference is in the list of joins', () => {
  const listed = rowsBelow('## How the tables join').map(cells => cells.map(plain))
  const declared = STREAMS.flatMap(allTables).flatMap(({ name, columns }) =>
    columns.flatMap(({ name: column, references = [] }) =>
      references.map(({ stream, when }) => [
        `${name}.${column}`,
        `${stream}.${STREAMS.find(({ name }) => name === stream)?.key[0]}`,
        when === null ? '' : `${when.column} = '${when.value}'`,
      ]),
    ),
  )
  expect(declared.length).toBeGreaterThan(80)
  expect(listed).toEqual(declared)
})

test('a column of a list is marked as sensitive for itself, and not for a column of the stream with its name', () => {
  const notes = rowsBelow('### addresses__note_attributes').filter(([name]) => name === '`value`')
  expect(notes[0]?.[3]).toMatch(/Sensitive\.$/)
  const codes = rowsBelow('### charges__discounts').filter(([name]) => name === '`code`')
  expect(codes[0]?.[3]).not.toContain('Sensitive')
})
