import { lines, type Printable } from '../common/printable.ts'

/** Rows in aligned columns; a column of numbers is aligned to the right. Null is shown as a dash. */
export function textTable(head: readonly string[], rows: readonly (readonly (string | number | null)[])[]): Printable {
  const cells = [head, ...rows].map(row => row.map(cell => (cell === null ? '–' : lines(String(cell)))))
  const widths = head.map((_, at) => Math.max(...cells.map(row => (row[at] ?? '').length)))
  const numeric = head.map((_, at) => rows.length > 0 && rows.every(row => typeof row[at] !== 'string'))
  return lines(
    ...cells.map(row =>
      row
        .map((cell, at) => (numeric[at] ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0)))
        .join('  ')
        .trimEnd(),
    ),
  )
}
