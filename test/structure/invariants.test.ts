import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** Titles of tests that cite invariants, each with its file: `I5, I6: an older version …`. */
const cited = readdirSync(join(ROOT, 'test'), { recursive: true, withFileTypes: true })
  .filter(entry => entry.isFile() && entry.name.endsWith('.test.ts') && !entry.parentPath.endsWith('structure'))
  .flatMap(entry => {
    const file = join(entry.parentPath, entry.name)
    return [...readFileSync(file, 'utf8').matchAll(/['"`]((?:I\d+, )*I\d+): ([^'"`\n]+)['"`]/g)].flatMap(match =>
      (match[1] ?? '').split(', ').map(id => ({ id, title: match[2] ?? '', file: file.slice(ROOT.length) })),
    )
  })
const document = readFileSync(join(ROOT, 'docs/INVARIANTS.md'), 'utf8')
const sections = new Map(
  document
    .split(/^## /m)
    .slice(1)
    .map(section => [section.slice(0, section.indexOf(' ')).replace(/\W/g, ''), section]),
)

test('every invariant names the files whose tests hold it, and they cite it', () => {
  expect(sections.size).toBeGreaterThanOrEqual(11)
  for (const [id, section] of sections) {
    const named = [...section.matchAll(/`(test\/[^`]+)`/g)].map(match => match[1])
    expect(named.length, `${id} names its tests`).toBeGreaterThan(0)
    const citing = [...new Set(cited.filter(test => test.id === id).map(test => test.file))].sort()
    expect([...new Set(named)].sort(), id).toEqual(citing)
  }
})

test('no test cites an invariant that is not written down', () => {
  expect(cited.filter(({ id }) => !sections.has(id))).toEqual([])
})
