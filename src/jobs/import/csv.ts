import { createReadStream } from 'node:fs'
import { pipeline, Readable } from 'node:stream'
import { CsvError, parse } from 'csv-parse'
import { ConfigError } from '../../common/errors.ts'

/** One row of a CSV file. */
export interface CsvRow {
  /** The line on which it ends, from 1. */
  readonly line: number
  readonly fields: readonly string[]
}

/** In bytes. Without a limit, a quote that is never closed makes one field of the rest of the file. */
const LONGEST_ROW = 8 * 1024 * 1024

/**
 * Reads the rows of a CSV file in UTF-8, the header first. A quoted field may contain commas, quotes and line ends. Lines
 * may end in any of the three ways; a byte order mark and empty lines are skipped.
 * @throws {ConfigError} naming the file, and the line if it is known.
 */
export async function* csvRows(file: string): AsyncGenerator<CsvRow> {
  const parser = parse({
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    record_delimiter: ['\r\n', '\n', '\r'],
    max_record_size: LONGEST_ROW,
  })
  // The parser passes on the errors of the whole chain, and the loop below throws them.
  pipeline(Readable.from(texts(file)), parser, () => {})
  try {
    for await (const { record, info } of parser) yield { line: info.lines, fields: record }
  } catch (error) {
    throw error instanceof CsvError
      ? unreadable(file, Number(error.lines) || null, `${error.message}; correct that line, or export the file again`)
      : error
  }
}

/** Decodes a file. @throws {ConfigError} if it cannot be read or is not UTF-8. */
async function* texts(file: string): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  try {
    for await (const bytes of createReadStream(file)) {
      const text = decoder.decode(bytes, { stream: true })
      if (text !== '') yield text
    }
    yield decoder.decode()
  } catch (error) {
    if (error instanceof TypeError)
      throw unreadable(file, null, 'is not UTF-8; save it as CSV UTF-8 and import that file')
    const code = error instanceof Error && 'code' in error ? error.code : null
    if (code === 'ENOENT') throw unreadable(file, null, 'there is no such file; check the path')
    if (code === 'EISDIR' || code === 'EACCES')
      throw unreadable(file, null, `cannot be read (${code}); check that it is a file and that you may read it`)
    throw error
  }
}

/** The error for a file that cannot be imported. */
export const unreadable = (file: string, line: number | null, message: string): ConfigError =>
  new ConfigError(file, [{ path: '', line, message }])
