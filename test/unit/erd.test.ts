import { expect, test } from 'vitest'
import { streams } from '../../schemas/index.ts'
import { erdGraph } from '../../src/schema/erd.ts'
import { allTables } from '../../src/schema/table.ts'

const graph = erdGraph(streams)

test('the diagram has every table with its key, every reference as a line, and every column whose values are known', () => {
  const tables = streams.flatMap(allTables)
  expect(tables.length).toBeGreaterThan(50)
  for (const { name, key } of tables) {
    expect(graph).toContain(`<b>${name}</b>`)
    expect(graph).toContain(`port="${name}.${key[0]}"`)
  }
  const lines = tables.flatMap(table =>
    table.columns.flatMap(({ name, references = [] }) =>
      references
        // A list is inside the node of its owner.
        .filter(({ stream }) => !(stream === table.stream && name === table.key[0] && table.key.length > 1))
        .map(({ stream }) => `${table.stream}:"${table.name}.${name}" -> ${stream}:"${stream}.id"`),
    ),
  )
  expect(lines.length).toBeGreaterThan(50)
  for (const line of lines) expect(graph).toContain(line)
  expect(graph.match(/ -> /g)).toHaveLength(lines.length)
  expect(graph).toContain('style=dashed, edgetooltip="where purchase_item_type is onetime"')
  for (const { name, columns } of tables)
    for (const column of columns) if (column.values) expect(graph).toContain(`port="${name}.${column.name}"`)
})

test('the text of a cell is escaped', () => {
  expect(graph).not.toMatch(/title="[^"]*[<>]/)
})
