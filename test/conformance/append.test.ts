import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { CellWriter } from '../../src/common/cell-writer.ts'
import type { Block } from '../../src/common/cells.ts'
import { openDuckdb } from '../../src/load/duckdb/engine.ts'
import { openPostgres } from '../../src/load/postgres/engine.ts'
import { DESTINATIONS } from '../support/destinations.ts'

const COLUMNS = [
  { name: 'id', kind: 'int', required: true, doc: '' },
  { name: 'words', kind: 'text', required: true, doc: '' },
] as const

/** Lengths around the buffers of sockets and streams, small ones in a row, and large ones. */
const LENGTHS = [1, 5, 900, 900, 900, 16_000, 16_500, 40_000, 65_000, 65_536, 70_000, 300_000, 3, 3, 1_000_000, 7]
const texts = Array.from({ length: 20 }, (_, round) =>
  LENGTHS.map((length, i) => String.fromCharCode(97 + ((round + i) % 26)).repeat(length)),
).flat()

test.each(DESTINATIONS)('$name: a block may be overwritten as soon as the next one is requested', async database => {
  await database.with(async config => {
    await using engine =
      config.kind === 'duckdb'
        ? await openDuckdb({ file: config.file, mode: 'write' })
        : openPostgres({ ...config, connections: 1 })
    await engine.transaction(async session => {
      await session.createTempTable('_blocks', COLUMNS)
      const writer = new CellWriter(2_000_000)
      function* blocks(): Generator<Block> {
        for (const [id, text] of texts.entries()) {
          writer.at = 0
          writer.short(COLUMNS.length)
          writer.int(id)
          writer.text(text)
          yield { bytes: writer.written(), count: 1 }
          writer.bytes.fill(0)
        }
      }
      await session.append({ schema: null, table: '_blocks' }, COLUMNS, blocks())
      const { rows } = await sql<{ words: string }>`select words from _blocks order by id`.execute(session.db)
      expect(rows.map(({ words }) => `${words.length} ${words.slice(0, 3)}`)).toEqual(
        texts.map(words => `${words.length} ${words.slice(0, 3)}`),
      )
      expect(rows.every(({ words }, id) => words === texts[id])).toBe(true)
    })
  })
})
