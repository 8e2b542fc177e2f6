import { DuckDBDataChunk, VARCHAR } from '@duckdb/node-api'
import duckdb from '@duckdb/node-bindings'
import { expect, test } from 'vitest'
import { CellWriter } from '../../src/common/cell-writer.ts'
import { TextVector } from '../../src/load/duckdb/vector.ts'

/** The sixteen bytes of the first row in the library's vector. */
function stored(vector: TextVector, text: string): string {
  const to = new CellWriter()
  to.text(text)
  const bytes = to.written()
  vector.set(0, new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 4, bytes.length - 4)
  const chunk = DuckDBDataChunk.create([VARCHAR], 1)
  vector.flush(chunk, 0, 1)
  const data = duckdb.vector_get_data(duckdb.data_chunk_get_vector(chunk.chunk, 0), 16)
  return Buffer.from(data).toString('latin1')
}

test('a short text is padded with zeros, whatever text the row had before', () => {
  const vector = new TextVector(0)
  expect(stored(vector, 'twelve bytes')).toBe('\x0c\0\0\0twelve bytes')
  expect(stored(vector, 'a')).toBe(`\x01\0\0\0a${'\0'.repeat(11)}`)
})

test('a long text is stored as its length, its first four bytes, and a pointer', () => {
  const vector = new TextVector(0)
  expect(stored(vector, 'thirteen byte').slice(0, 8)).toBe('\x0d\0\0\0thir')
  expect(stored(vector, 'something else').slice(0, 8)).toBe('\x0e\0\0\0some')
})
