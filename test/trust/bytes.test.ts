import { describe, expect, test } from 'vitest'
import { parseBody } from '../../src/common/json-body.ts'
import { pageDecoder, recordDecoder } from '../../src/transform/decode-page.ts'
import { withTestSalt } from '../support/salt.ts'
import { parcel, parcels } from '../support/samples.ts'

const stream = withTestSalt(parcels)
/** Bytes that are not UTF-8: Latin-1, a character that is cut off, half of a surrogate pair, and one beyond the last. */
const BROKEN = [[0xe9], [0xc3], [0xe2, 0x82], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xc0, 0xaf]]

const bodyWith = (bytes: readonly number[], json: string): Buffer => {
  const [before = '', after = ''] = json.split('|')
  return Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)])
}

describe.each(BROKEN.map(bytes => [Buffer.from(bytes).toString('hex'), bytes] as const))('%s', (_hex, bytes) => {
  test.each([
    ['a declared text', { label: 'Ren|' }],
    ['a name', { 'na|me': 1 }],
    ['a member of a list', { items: [{ name: '|' }] }],
  ])('K4/18: in %s: the page is broken and has to be requested again', async (_where, more) => {
    const body = bodyWith(bytes, JSON.stringify({ parcels: [parcel(1, 1), parcel(2, 2, more)] }))
    const broken = {
      code: 'truncated',
      reaction: 'retry',
      message: 'GET /parcels: status 200, but the body is not UTF-8',
    }
    await expect(pageDecoder(stream)(body)).rejects.toMatchObject(broken)
    await expect(pageDecoder({ ...stream, drift: 'evolve' })(body)).rejects.toMatchObject(broken)
  })

  test('K4/18: outside of the records and in a single record too', async () => {
    await expect(pageDecoder(stream)(bodyWith(bytes, '{"parcels":[],"next_cursor":"|"}'))).rejects.toThrow('not UTF-8')
    await expect(recordDecoder(stream)(bodyWith(bytes, '{"parcel":{"id":1,"label":"|"}}'))).rejects.toThrow('not UTF-8')
    expect(() => parseBody(bodyWith(bytes, '{"count":"|"}'), 'GET /count')).toThrow('not UTF-8')
  })
})

test('K4/18: a byte order mark before the body is no error, and U+FFFD that the API sent is kept', async () => {
  const page = JSON.stringify({ parcels: [parcel(1, 1, { label: 'Ren\ufffd é 😀' })] })
  const [plain, marked] = await Promise.all([page, `\ufeff${page}`].map(body => pageDecoder(stream)(Buffer.from(body))))
  expect(plain?.records).toHaveLength(1)
  expect(marked).toEqual(plain)
  expect(plain?.stats.cleaned).toBe(0)
})
