import type { Stream } from './stream.ts'
import { allTables, type Table, type TableColumn } from './table.ts'

/** How the tables join, as a graph in the language of Graphviz: a node for each stream, with its lists inside. */
export function erdGraph(streams: readonly Stream[]): string {
  const names = new Set(streams.map(({ name }) => name))
  return [
    'digraph recharge {',
    '  graph [rankdir=LR, bgcolor=white, nodesep=0.25, ranksep=1.4, fontname=Courier]',
    '  node [shape=plain, fontname=Courier, fontsize=11]',
    '  edge [arrowsize=0.6, penwidth=0.9]',
    ...streams.map(node),
    ...streams.flatMap(stream => edges(stream, names)),
    '}',
    '',
  ].join('\n')
}

/** Columns that join to another table, but for that of a list to its owner, which stands above it. */
const joining = ({ columns, key, stream }: Table): readonly TableColumn[] =>
  columns.filter(
    ({ name, references = [] }) =>
      references.length > 0 && !(key.length > 1 && name === key[0] && references[0]?.stream === stream),
  )

/** Columns whose values are known; the doc of a column names them. */
const listed = ({ columns }: Table): readonly TableColumn[] => columns.filter(({ values = [] }) => values.length > 0)

function node(stream: Stream): string {
  const [root, ...lists] = allTables(stream)
  if (root === undefined) return ''
  const rows = [
    `<tr><td bgcolor="#1f3a5f" align="left" ${tooltip(root.doc)}><font color="white"><b>${text(root.name)}</b></font></td></tr>`,
    ...columnRows(root),
    ...lists.flatMap(list => [
      `<tr><td bgcolor="#dfe7f1" align="left" ${tooltip(list.doc)}><b>${text(list.name)}</b></td></tr>`,
      ...columnRows(list),
    ]),
  ]
  return `  ${stream.name} [label=<<table border="0" cellborder="1" cellspacing="0" cellpadding="3" color="#8a99ad">${rows.join('')}</table>>]`
}

function columnRows(table: Table): readonly string[] {
  const keys = table.columns.filter(({ name }) => table.key.includes(name))
  const joined = joining(table)
  const others = listed(table).filter(column => !joined.includes(column))
  return [
    `<tr><td align="left" bgcolor="white" port="${port(table, table.key[0] ?? '')}" ${tooltip(keys.map(({ doc }) => doc).join(' '))}><u>${text(table.key.join(', '))}</u></td></tr>`,
    ...joined.filter(column => !table.key.includes(column.name)).map(column => row(table, column, text(column.name))),
    ...others.map(column => row(table, column, `<font color="#5b6775">${text(column.name)}</font>`)),
  ]
}

const row = (table: Table, column: TableColumn, label: string): string =>
  `<tr><td align="left" bgcolor="white" port="${port(table, column.name)}" ${tooltip(column.doc)}>${label}</td></tr>`

function edges(stream: Stream, names: ReadonlySet<string>): readonly string[] {
  return allTables(stream).flatMap(table =>
    joining(table).flatMap(column =>
      (column.references ?? [])
        .filter(({ stream: target }) => names.has(target))
        .map(({ stream: target, when }) => {
          const condition = when === null ? '' : `, style=dashed, edgetooltip="where ${when.column} is ${when.value}"`
          return `  ${stream.name}:"${port(table, column.name)}" -> ${target}:"${target}.id" [color="${colorOf(target)}"${condition}]`
        }),
    ),
  )
}

const port = (table: Table, column: string): string => `${table.name}.${column}`

/** Lines to the same table have one colour, so that the eye can follow them. */
const COLORS = ['#c0392b', '#2471a3', '#1e8449', '#9c640c', '#7d3c98', '#117a65', '#b03a78', '#5d6d7e'] as const

function colorOf(target: string): string {
  const sum = [...target].reduce((total, letter) => total + letter.charCodeAt(0), 0)
  return COLORS[sum % COLORS.length] ?? COLORS[0]
}

const text = (plain: string): string =>
  plain.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

/** A browser shows it over the cell. Graphviz keeps it only where the cell leads somewhere. */
const tooltip = (doc: string): string => `href="streams.md" title="${text(doc)}"`
