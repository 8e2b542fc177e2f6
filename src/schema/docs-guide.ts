import type { ColumnKind } from './column.ts'
import { HISTORY, historyTable, VALID_FROM, VALID_TO } from './history-table.ts'
import { code, row } from './markdown.ts'
import { childName } from './name.ts'
import type { Stream } from './stream.ts'
import { allTables, SYSTEM_COLUMNS, type TableColumn, tablesOf } from './table.ts'

/** The SQL type of each kind of column, by the name of the database. */
export type SqlTypes = Readonly<Record<string, (kind: ColumnKind) => string>>

/** What holds for the tables of every stream: how to read them, how they join, and what a history looks like. */
export function guide(streams: readonly Stream[], types: SqlTypes): string[] {
  return [...everyTable(types), ...readingThem(), ...joins(streams), ...historySection(streams, types)]
}

/** A column in the table of its table. */
export const columnRow = (
  { name, kind, required, doc }: Omit<TableColumn, 'name'> & { readonly name: string },
  types: SqlTypes,
  more = '',
): string =>
  row(code(name), ...Object.values(types).map(type => type(kind) + (required ? ' not null' : '')), doc + more)

const heading = (types: SqlTypes): string[] => [
  row('column', ...Object.keys(types), 'meaning'),
  row('---', ...Object.keys(types).map(() => '---'), '---'),
]

function everyTable(types: SqlTypes): string[] {
  return [
    '## Columns that every stream has',
    '',
    'The table of each stream ends with these columns, and the lists below leave them out. Tables of lists have none of them.',
    '',
    ...heading(types),
    ...Object.entries(SYSTEM_COLUMNS).map(([name, column]) => columnRow({ name, ...column }, types)),
    '',
  ]
}

const readingThem = (): string[] => [
  '## How to read the tables',
  '',
  '* **Views leave out what makes these tables hard to read**: [views.md](views.md) lists them. What follows is for the tables.',
  '* **Rows that are deleted stay**, and so do the rows of their lists. `_deleted_at is null` selects those that exist; for the',
  '  table of a list, join the table of the stream and ask there.',
  '* **Days and instants.** A `date` is a calendar day as the API counts it, in US Eastern. A `timestamptz` is an instant: choose a',
  "  zone before you take its day, as in `processed_at at time zone 'America/New_York'`. `scheduled_at` is a day in `charges` and",
  '  an instant in `orders`, where `scheduled_on` is the day.',
  '* **Money adds up**, in charges and in orders: `original_price × quantity` of the lines is `total_line_items_price`; less',
  '  `total_discounts` it is `subtotal_price`; with shipping, tax and duties it is `total_price`, unless `taxes_included` says that',
  '  the tax is in the prices. The `total_price` of a line includes its tax.',
  '* **Prepaid.** One charge pays for several orders, and each of them may show the price of the whole charge. Sum revenue over',
  '  charges, not over orders.',
  '* **Known values** are those that Recharge or a client of its API names. Others are stored as they come.',
  '* **Custom properties** of a subscription or a onetime are rows, with the value as text:',
  '',
  ...sql(
    'select s.id, p.value as grind',
    'from recharge.subscriptions as s',
    'join recharge.subscriptions__properties as p on p.subscription_id = s.id',
    "where s._deleted_at is null and p.name = 'Grind' and p.value = 'Whole bean'",
  ),
  '',
]

function joins(streams: readonly Stream[]): string[] {
  const rows = streams
    .flatMap(allTables)
    .flatMap(({ name, columns }) =>
      columns.flatMap(column =>
        (column.references ?? []).map(({ stream, when }) =>
          row(
            code(`${name}.${column.name}`),
            code(`${stream}.${keyOf(streams, stream)}`),
            when === null ? '' : code(`${when.column} = '${when.value}'`),
          ),
        ),
      ),
    )
  return [
    '## How the tables join',
    '',
    'There are no foreign keys: the API forgets records and lists them in any order, so an id may have no row. Use a left join',
    'where a row must not be lost. A column with two lines and no condition has the id of a record of either.',
    '',
    row('column', 'joins to', 'only where'),
    row('---', '---', '---'),
    ...rows,
    '',
  ]
}

const keyOf = (streams: readonly Stream[], name: string): string =>
  streams.find(stream => stream.name === name)?.key[0] ?? ''

function historySection(streams: readonly Stream[], types: SqlTypes): string[] {
  const [example] = streams.filter(({ name }) => name === 'subscriptions')
  if (example === undefined) return []
  const { root } = tablesOf(example)
  const history = historyTable(example)
  const own = new Set(history.columns.map(({ name }) => name))
  const left = root.columns.filter(({ name }) => !own.has(name)).map(({ name }) => code(name))
  return [
    `## Tables named ${code(childName('<stream>', HISTORY))}`,
    '',
    `Unless the configuration says \`history: []\`, ${code(history.name)} has a row for each version of a row of`,
    `${code(root.name)} that was seen. Its columns are those of ${code(root.name)} without ${left.join(', ')}, and these:`,
    '',
    ...heading(types),
    ...[VALID_FROM, VALID_TO].map(column => columnRow(column, types)),
    '',
    `Its key is ${history.key.map(code).join(', ')}. No other column is \`not null\`: a version that is older than a column has no`,
    'value there. Lists have no history. Versions of a row do not overlap, and leave no gap while the record exists; what was true',
    'at a time is in the version that covers it:',
    '',
    ...sql(
      'select id, status, price, quantity',
      `from recharge.${history.name}`,
      "where valid_from <= timestamptz '2026-10-01 00:00:00+00'",
      "  and (valid_to is null or valid_to > timestamptz '2026-10-01 00:00:00+00')",
    ),
    '',
    'Only versions that a run met are there: a change that was undone between two runs leaves none, and what happened before the',
    'history was turned on is not known. `history` also takes other streams.',
    '',
  ]
}

const sql = (...lines: readonly string[]): string[] => ['```sql', ...lines, '```']
