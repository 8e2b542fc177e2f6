import { createReadStream } from 'node:fs'
import { pipeline, Readable } from 'node:stream'
import { CsvError, parse } from 'csv-parse'
import { ConfigError } from '../../common/errors.ts'

/** One row of the file. */
export interface CsvRow {
  /** Where it ends; the first line is 1. */
  readonly line: number
  readonly fields: readonly string[]
}

/** A quote that is never closed would otherwise take the rest of the file for one field. */
const LONGEST_ROW = 8 * 1024 * 1024

/**
 * The rows of a CSV file in UTF-8, the header first, one at a time. Fields may be quoted and hold commas, quotes and line
 * ends; lines may end either way; a byte order mark and empty lines are passed over.
 * @throws {ConfigError} that names the file, and the line where there is one.
 */
export async function* csvRows(file: string): AsyncGenerator<CsvRow> {
  const parser = parse({
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    record_delimiter: ['\r\n', '\n', '\r'],
    max_record_size: LONGEST_ROW,
  })
  // What goes wrong comes out of the parser below.
  pipeline(Readable.from(texts(file)), parser, () => {})
  try {
    for await (const { record, info } of parser) yield { line: info.lines, fields: record }
  } catch (error) {
    throw error instanceof CsvError
      ? unreadable(file, Number(error.lines) || null, `${error.message}; correct it there, or export it again`)
      : error
  }
}

/** @throws {ConfigError} where the file is not there, or holds bytes that are no UTF-8. */
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
      throw unreadable(file, null, 'is not written in UTF-8; save it as CSV UTF-8 and import that')
    const code = error instanceof Error && 'code' in error ? error.code : null
    if (code === 'ENOENT') throw unreadable(file, null, 'there is no such file')
    if (code === 'EISDIR' || code === 'EACCES') throw unreadable(file, null, `cannot be read: ${code}`)
    throw error
  }
}

export const unreadable = (file: string, line: number | null, message: string): ConfigError =>
  new ConfigError(file, [{ path: '', line, message }])
