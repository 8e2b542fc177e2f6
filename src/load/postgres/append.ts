import { getDefaultHighWaterMark } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { PoolClient } from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import type { Block } from '../../common/cells.ts'
import type { TableColumn } from '../../schema/table.ts'
import type { Into } from '../sql/engine.ts'

/** Signature, flags, and the length of an extension that is not there. */
const HEADER = Buffer.from('5047434f50590aff0d0a00' + '00000000' + '00000000', 'hex')
const TRAILER = Buffer.from('ffff', 'hex')
/** Bytes that a stream takes in without having sent them. */
const HELD = getDefaultHighWaterMark(false)

/** Rows by COPY in its binary form, which is that of our cells. @param blocks each is valid until the next is asked for. */
export async function append(
  client: PoolClient,
  { schema, table }: Into,
  columns: readonly TableColumn[],
  blocks: Iterable<Block>,
): Promise<void> {
  const rows = blocks[Symbol.iterator]()
  const first = rows.next()
  if (first.done) return
  const target = [...(schema === null ? [] : [schema]), table].map(quote).join('.')
  const names = columns.map(column => quote(column.name)).join(', ')
  function* chunks(): Generator<Buffer> {
    yield HEADER
    for (let next = first; !next.done; next = rows.next()) {
      const { bytes } = next.value
      // More than a stream may hold has been sent before the next is asked for. Less may still wait when it is overwritten.
      yield bytes.length > HELD ? bytes : Buffer.from(bytes)
    }
    yield TRAILER
  }
  const into = client.query(copyFrom(`copy ${target} (${names}) from stdin (format binary)`))
  await pipeline(chunks(), into)
}

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`
