import type { Columns } from './column.ts'

/** For a column, the headers of a CSV file that it is read from, as `headerKey` writes them. The first one with a value is taken. */
export type Headers = Readonly<Record<string, readonly [string, ...string[]]>>

/**
 * The merchant portal's CSV export of a stream: which column of the file becomes which column of ours. The value is read as
 * that column declares.
 */
export interface Export {
  /** By column of the stream. */
  readonly columns: Headers
  /** Columns whose text is converted to lower case, as 2021-11 writes it. */
  readonly lowerCase: readonly string[]
  /** The list for whose elements the file may have a row each, by column; null: each record has one row. */
  readonly elements: { readonly child: string; readonly columns: Headers } | null
}

/** Whether a file must have the column: what is required, and the cursor, without which no version of a record is newer. */
export const isNeeded = (
  { columns, sync }: { readonly columns: Columns; readonly sync: { readonly mode: string; readonly cursor?: string } },
  name: string,
): boolean => columns[name]?.required === true || sync.cursor === name

/** A header in the form that declarations use, in which capitals, spaces and other signs make no difference. */
export const headerKey = (header: string): string =>
  header
    .normalize('NFKC')
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '_')
    .replace(/^_+|_+$/g, '')
