import { expect, test } from 'vitest'
import { createRoom } from '../../src/extract/room.ts'

/** A body in pieces, the next of them given when it is asked for. */
const answer = (...pieces: readonly string[]): Response =>
  new Response(ReadableStream.from(pieces.map(piece => new TextEncoder().encode(piece))))

test('a body of any size comes whole, and again in memory that was used before', async () => {
  const room = createRoom()
  for (const size of [0, 1, 1000, 300_000, 10, 2_000_000, 299_999]) {
    const pieces = ['<', 'ä'.repeat(size), '>', 'end']
    const body = await room.take(answer(...pieces))
    expect(body.equals(Buffer.from(pieces.join('')))).toBe(true)
    room.give(body)
  }
  const empty = await room.take(new Response(null))
  expect(empty.length).toBe(0)
})

test('bodies that are read at the same time do not meet', async () => {
  const room = createRoom()
  const first = await Promise.all([room.take(answer('first')), room.take(answer('second'))])
  for (const body of first) room.give(body)
  const [a, b, c] = await Promise.all(['aaaa', 'bbb', 'cc'].map(text => room.take(answer(text))))
  expect([a, b, c].map(body => body?.toString())).toEqual(['aaaa', 'bbb', 'cc'])
})

test('memory that a body has is not given to another before it is given back', async () => {
  const room = createRoom()
  const body = await room.take(answer('kept'))
  expect((await room.take(answer('other'))).toString()).toBe('other')
  expect(body.toString()).toBe('kept')
})
