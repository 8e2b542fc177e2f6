/** Headers of a CSV file that mean a column, in lower case with `_` between words: the first with a value is taken. */
export type Headers = Readonly<Record<string, readonly [string, ...string[]]>>

/**
 * The merchant portal's export of a stream's records: which column of the file is which of ours. How a value is read
 * follows from the column that it becomes.
 */
export interface Export {
  /** By column of the stream. */
  readonly columns: Headers
  /** Columns whose text is put in lower case, as 2021-11 writes it. */
  readonly lowerCase: readonly string[]
  /** By column of the list of which the file may have one row for each element; null: always one row for each record. */
  readonly elements: { readonly child: string; readonly columns: Headers } | null
}

/** A header as the declarations write it: capitals, spaces and other signs make no difference. */
export const headerKey = (header: string): string =>
  header
    .normalize('NFKC')
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '_')
    .replace(/^_+|_+$/g, '')
