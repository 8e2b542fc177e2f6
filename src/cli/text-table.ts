import { lines, type Printable } from '../common/printable.ts'

/**
 * Rows in aligned columns; a column of numbers is aligned to the right. Null is shown as a dash.
 * @param numeric which columns are numbers. Default: those without a text.
 */
export function textTable(
  head: readonly string[],
  rows: readonly (readonly (string | number | null)[])[],
  numeric = head.map((_, at) => rows.length > 0 && rows.every(row => typeof row[at] !== 'string')),
): Printable {
  const cells = [head, ...rows].map(row => row.map(cell => (cell === null ? '–' : lines(String(cell)))))
  // Not Math.max of all: a query may give more rows than a function takes arguments.
  const widths = head.map((_, at) => cells.reduce((width, row) => Math.max(width, (row[at] ?? '').length), 0))
  return lines(
    ...cells.map(row =>
      row
        .map((cell, at) => (numeric[at] ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0)))
        .join('  ')
        .trimEnd(),
    ),
  )
}
