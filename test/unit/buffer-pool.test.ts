import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { createBufferPool } from '../../src/extract/buffer-pool.ts'
import { MOST_BYTES } from '../../src/extract/http-client.ts'

/** A body that arrives in these pieces. */
const answer = (...pieces: readonly string[]): Readable =>
  Readable.from(
    pieces.map(piece => Buffer.from(piece)),
    { objectMode: false },
  )

test('a body of any size is complete, also in a buffer that was used before', async () => {
  const pool = createBufferPool(MOST_BYTES)
  for (const size of [0, 1, 1000, 300_000, 10, 2_000_000, 299_999]) {
    const pieces = ['<', 'ä'.repeat(size), '>', 'end']
    const body = await pool.read(answer(...pieces))
    expect(body.equals(Buffer.from(pieces.join('')))).toBe(true)
    pool.release(body)
  }
  const empty = await pool.read(answer())
  expect(empty.length).toBe(0)
})

test('bodies that are read at the same time have different buffers', async () => {
  const pool = createBufferPool(MOST_BYTES)
  const first = await Promise.all([pool.read(answer('first')), pool.read(answer('second'))])
  for (const body of first) pool.release(body)
  const [a, b, c] = await Promise.all(['aaaa', 'bbb', 'cc'].map(text => pool.read(answer(text))))
  expect([a, b, c].map(body => body?.toString())).toEqual(['aaaa', 'bbb', 'cc'])
})

test('a buffer is not used again before its body is released', async () => {
  const pool = createBufferPool(MOST_BYTES)
  const body = await pool.read(answer('kept'))
  expect((await pool.read(answer('other'))).toString()).toBe('other')
  expect(body.toString()).toBe('kept')
})
