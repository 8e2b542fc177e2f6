import stringWidth from 'string-width'
import { below, beside, lines, type Printable } from '../common/printable.ts'
import { type Look, PLAIN, prose, type Style } from './look.ts'

export type Cell = string | number | null

/** A column of a table about rows of type `R`. */
export interface Column<R> {
  readonly head: string
  readonly cell: (row: R) => Cell
  /** Where not all columns fit, those with a lower number go first. Default: the column is always there. */
  readonly droppable?: number
  readonly style?: (row: R) => Style | null
}

const GUTTER = lines('  ')
const asText = (cell: Cell): Printable => lines(cell === null ? '–' : String(cell))

/**
 * Rows in aligned columns; a column of numbers is aligned to the right. Null is shown as a dash.
 * @param numeric which columns are numbers. Default: those without a text.
 * @param paint colours a cell, which has its full width by then. The head is row -1.
 */
export function textTable(
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
  numeric = numericColumns(head, rows),
  paint: (text: Printable, row: number, column: number) => Printable = text => text,
): Printable {
  const cells = [head, ...rows].map(row => row.map(asText))
  const widths = widthsOf(head, cells)
  return below(
    ...cells.map((row, n) => {
      // Spaces at the end would be seen by whoever copies the line.
      const last = row.findLastIndex(cell => cell !== '')
      return beside(
        ...row.slice(0, last + 1).flatMap((cell, at) => {
          const gap = lines(' '.repeat((widths[at] ?? 0) - stringWidth(cell)))
          const painted = paint(cell, n - 1, at)
          const padded = numeric[at] ? [gap, painted] : at === last ? [painted] : [painted, gap]
          return at === 0 ? padded : [GUTTER, ...padded]
        }),
      )
    }),
  )
}

const numericColumns = (head: readonly string[], rows: readonly (readonly Cell[])[]): readonly boolean[] =>
  head.map((_, at) => rows.length > 0 && rows.every(row => typeof row[at] !== 'string'))

// Not Math.max of all: a query may give more rows than a function takes arguments.
const widthsOf = (head: readonly string[], cells: readonly (readonly Printable[])[]): readonly number[] =>
  head.map((_, at) => cells.reduce((width, row) => Math.max(width, stringWidth(row[at] ?? '')), 0))

/** How many columns of a terminal a table takes. */
export function tableWidth(head: readonly string[], rows: readonly (readonly Cell[])[]): number {
  const widths = widthsOf(
    head,
    [head, ...rows].map(row => row.map(asText)),
  )
  return widths.reduce((sum, width) => sum + width + GUTTER.length, -GUTTER.length)
}

/** A table of as many columns as fit, in the order of their importance. Below it are the names of the others. */
export function fittedTable<R>(columns: readonly Column<R>[], rows: readonly R[], look: Look = PLAIN): Printable {
  const fits = (some: readonly Column<R>[]): boolean =>
    tableWidth(
      some.map(({ head }) => head),
      rows.map(row => some.map(({ cell }) => cell(row))),
    ) <= look.width
  let shown: readonly Column<R>[] = columns.filter(({ droppable }) => droppable === undefined)
  for (const next of columns.filter(column => !shown.includes(column)).sort(byImportance)) {
    const more = columns.filter(column => column === next || shown.includes(column))
    if (fits(more)) shown = more
  }
  const table = textTable(
    shown.map(({ head }) => head),
    rows.map(row => shown.map(({ cell }) => cell(row))),
    undefined,
    (text, n, at) => {
      const row = rows[n]
      const style = row === undefined ? 'head' : (shown[at]?.style?.(row) ?? null)
      return style === null ? text : look.paint(style, text)
    },
  )
  const left = columns.filter(column => !shown.includes(column)).map(({ head }) => head)
  if (left.length === 0) return table
  const note = `No room for: ${left.join(', ')}. --json has everything.`
  return below(table, look.paint('aside', prose({ ...look, isTerminal: true }, '', note)))
}

const byImportance = (a: { readonly droppable?: number }, b: { readonly droppable?: number }): number =>
  (a.droppable ?? 0) - (b.droppable ?? 0)

/** Each row as a block of lines, a line for each column: for rows that are too long for a terminal. */
export function textRecords(head: readonly string[], rows: readonly (readonly Cell[])[], look: Look): Printable {
  const names = head.map(name => lines(name))
  const width = names.reduce((most, name) => Math.max(most, stringWidth(name)), 0)
  return below(
    ...rows.flatMap((row, n) => [
      look.paint('aside', lines(`row ${n + 1}`)),
      ...names.map((name, at) =>
        beside(
          look.paint('head', name),
          lines(' '.repeat(width - stringWidth(name) + GUTTER.length)),
          asText(row[at] ?? null),
        ),
      ),
    ]),
  )
}

/** Each row as a line of its cells, and below it the last one, which is a sentence. */
export const textEntries = (rows: readonly (readonly Cell[])[], look: Look): Printable =>
  below(
    ...rows.map(row =>
      below(
        look.paint('head', prose(look, '', row.slice(0, -1).map(asText).join(GUTTER))),
        prose(look, '    ', asText(row.at(-1) ?? null)),
      ),
    ),
  )
