import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Answer } from '../../src/load/inspection.ts'
import { openDestination } from '../../src/load/open.ts'
import { withDemo } from '../support/demo.ts'
import { ANY_DESTINATION } from '../support/destinations.ts'

/*
 * The queries of docs/analysts.md run as they stand there on the demo's year, in both databases, and answer what stands
 * below them. `vitest run test/e2e/documented-answers.test.ts -u` writes the answers.
 */

const FILE = '../../docs/analysts.md'
const document = readFileSync(new URL(FILE, import.meta.url), 'utf8')
const QUERY = /^```sql\n([\s\S]*?)^```\n(?:\n(?:\|.*\n)+)?/gm

test('there are twelve questions, each with a query', () => {
  expect([...document.matchAll(QUERY)]).toHaveLength(12)
  expect(document.match(/^### \d+\. /gm)).toHaveLength(12)
})

/** As a table of the document. A null is empty. */
function table({ columns, rows }: Answer): string {
  const right = columns.map(({ kind }) => kind !== 'text' && kind !== 'boolean')
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [
    line(columns.map(({ name }) => name)),
    line(right.map(isRight => (isRight ? '---:' : '---'))),
    ...rows.map(row => line(row.map(value => value ?? ''))),
  ].join('\n')
}

describe.each(ANY_DESTINATION)('$name', place => {
  test('each query answers what the document says', async () => {
    await withDemo(place, async destination => {
      await using warehouse = await openDestination(destination, { mode: 'read', connections: 2 })
      const { signal } = new AbortController()
      const answers: string[] = []
      for (const [, sql = ''] of document.matchAll(QUERY)) {
        const answer = await warehouse.answer(sql, signal)
        expect(answer.rows.length, sql).toBeGreaterThan(0)
        answers.push(table(answer))
      }
      const written = document.replace(QUERY, (_, sql) => `\`\`\`sql\n${sql}\`\`\`\n\n${answers.shift()}\n`)
      await expect(written).toMatchFileSnapshot(FILE)
    })
  })
})
