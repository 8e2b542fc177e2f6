import { getDefaultHighWaterMark } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { PoolClient } from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import type { Block } from '../../common/cells.ts'
import type { TableColumn } from '../../schema/table.ts'
import type { AppendTarget } from '../sql/engine.ts'

/** Signature, flags, and the length of the header extension, which is empty. */
const HEADER = Buffer.from('5047434f50590aff0d0a00' + '00000000' + '00000000', 'hex')
const TRAILER = Buffer.from('ffff', 'hex')
/** Bytes that a stream buffers before it has sent any. */
const BUFFERED = getDefaultHighWaterMark(false)

/**
 * Appends rows by COPY in its binary format, in which the blocks already are.
 * @param blocks the bytes of one are overwritten when the next one is requested.
 */
export async function append(
  client: PoolClient,
  { schema, table }: AppendTarget,
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
      // The stream has sent a block larger than its buffer before it requests the next; a smaller one may still wait in it.
      yield bytes.length > BUFFERED ? bytes : Buffer.from(bytes)
    }
    yield TRAILER
  }
  const copy = client.query(copyFrom(`copy ${target} (${names}) from stdin (format binary)`))
  await pipeline(chunks(), copy)
}

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`
