import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

interface Import {
  readonly from: string
  readonly to: string
  /** Loaded when the program comes to it. */
  readonly isLazy: boolean
  /** Gone when the program runs. */
  readonly isType: boolean
}

const SPECIFIER =
  /(?:^|\n)\s*(?:import|export)\s[^'"]*?from\s+'([^']+)'|import\(\s*['`]([^'`]+)['`]\s*\)|(?:^|\n)import\s+'([^']+)'/g

const files = ['src', 'schemas'].flatMap(folder =>
  readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && entry.name.endsWith('.ts'))
    .map(entry => join(entry.parentPath, entry.name).slice(ROOT.length)),
)
const sources = new Map(files.map(file => [file, readFileSync(join(ROOT, file), 'utf8')]))
const imports: readonly Import[] = [...sources].flatMap(([from, source]) =>
  [...source.matchAll(SPECIFIER)].map(match => {
    const to = match[1] ?? match[2] ?? match[3] ?? ''
    return {
      from,
      to: to.startsWith('.') ? normalize(join(dirname(from), to)) : to,
      isLazy: match[2] !== undefined,
      isType: /^\s*(import|export) type\b/.test(match[0]),
    }
  }),
)

/** A folder, or a file, by the beginning of its path. */
const within = (path: string, ...folders: readonly string[]): boolean =>
  folders.some(folder => path === folder || path.startsWith(`${folder}/`))

/** The room that a file is in: `src/load/sql/merge.ts` is in `load`. */
const roomOf = (path: string): string =>
  path
    .split('/')
    .slice(0, 2)
    .join('/')
    .replace(/^src\//, '')

/** Each room, and the rooms that it may import from. The arrows go down; extract, transform and load never meet. */
const ROOMS: readonly (readonly [room: string, lower: readonly string[]])[] = [
  ['index.ts', ['cli', 'jobs', 'pipeline', 'common', 'schema']],
  ['cli', ['jobs', 'pipeline', 'extract', 'transform', 'load', 'common', 'schema', 'simulator']],
  ['jobs', ['pipeline', 'extract', 'transform', 'load', 'common', 'schema']],
  ['pipeline', ['extract', 'transform', 'load', 'common', 'schema']],
  ['extract', ['common', 'schema']],
  ['transform', ['common', 'schema']],
  ['load', ['common', 'schema']],
  ['common', ['schema']],
  ['schema', []],
  ['simulator', []],
]

/** What comes from outside has one door each. */
const DOORS: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^pg$|^pg-copy-streams$/, ['src/load/postgres']],
  [/^@duckdb\/node-(api|bindings)$/, ['src/load/duckdb']],
  [/^kysely$/, ['src/load']],
  [/^zod$/, ['src/schema', 'src/load/sql/stored-values.ts', 'src/cli/config', 'src/cli/generate.ts']],
  [/^yaml$|^leven$/, ['src/cli/config']],
  [/^pino$/, ['src/common/log.ts']],
  [/^p-limit$/, ['src/extract/api-client.ts', 'src/jobs/run.ts', 'src/cli/fleet/side-by-side.ts']],
  [/^pg-boss$/, ['src/cli/fleet/queue.ts']],
  [/^commander$/, ['src/cli/program.ts', 'src/cli/program', 'src/cli/completion/command-tree.ts']],
  [/^@clack\/prompts$/, ['src/cli/config/init/ask.ts']],
  [/^picomatch$/, ['src/cli/stream-patterns.ts']],
  [/^string-width$|^wrap-ansi$/, ['src/cli/look.ts', 'src/cli/screen.ts', 'src/cli/text-table.ts']],
  [/^csv-parse$/, ['src/jobs/import/csv.ts']],
  [/^vega(-lite)?$/, ['src/cli/report-page']],
  [/^ulid$/, ['src/cli/app.ts']],
  [/^temporal-polyfill$/, ['src/common/instant.ts']],
  [/^undici$|^node:(https?|zlib)$/, ['src/extract/http-get.ts', 'src/extract/http-send.ts', 'src/simulator']],
]

const notAllowed = (found: readonly Import[]): string[] => found.map(({ from, to }) => `${from} → ${to}: not allowed`)

test('1. src has the rooms that the rules are about, and nothing beside them', () => {
  expect(readdirSync(join(ROOT, 'src')).sort()).toEqual([...ROOMS.map(([room]) => room), 'tsconfig.json'].sort())
  expect(imports.length).toBeGreaterThan(500)
})

test('2. imports go downward only', () => {
  const wrong = imports.filter(({ from, to }) => {
    if (!within(from, 'src') || !within(to, 'src') || roomOf(from) === roomOf(to)) return false
    const lower = ROOMS.find(([room]) => room === roomOf(from))?.[1] ?? []
    return !lower.includes(roomOf(to))
  })
  expect(notAllowed(wrong)).toEqual([])
})

test('3. declarations use the language of src/schema only, and only the app and the library know all of them', () => {
  const wrong = imports.filter(
    ({ from, to }) =>
      (within(from, 'schemas') && within(to, 'src') && !within(to, 'src/schema')) ||
      (within(from, 'src') && within(to, 'schemas') && !within(from, 'src/cli/app.ts', 'src/index.ts')),
  )
  expect(notAllowed(wrong)).toEqual([])
})

test('4. one database folder knows nothing of the other, and shared code of neither', () => {
  const wrong = imports.filter(
    ({ from, to }) =>
      (within(from, 'src/load/sql') && within(to, 'src/load/postgres', 'src/load/duckdb')) ||
      (within(from, 'src/load/postgres') && within(to, 'src/load/duckdb')) ||
      (within(from, 'src/load/duckdb') && within(to, 'src/load/postgres')),
  )
  expect(notAllowed(wrong)).toEqual([])
})

test('5. what comes from outside has one door each', () => {
  const wrong = imports.filter(({ from, to }) =>
    DOORS.some(([name, doors]) => name.test(to) && !within(from, ...doors)),
  )
  expect(notAllowed(wrong)).toEqual([])
})

test('6. the entry points are imported by nobody', () => {
  const wrong = imports.filter(({ to }) => within(to, 'src/cli/main.ts', 'src/cli/generate.ts', 'src/index.ts'))
  expect(notAllowed(wrong)).toEqual([])
})

describe('7. some words stand only where they belong', () => {
  test.each([
    [/\bfetch\(/, []],
    [/\bprocess\.env\b/, ['src/cli']],
    [/\bprocess\.exit\b/, ['src/cli/program.ts', 'src/cli/interruption.ts']],
    [/\bDate\.now\b|\bnew Date\(\)/, ['src/cli/app.ts']],
    [/\bMath\.random\b/, ['src/cli/app.ts']],
    [
      /postgres|duckdb/i,
      ['src/load/postgres', 'src/load/duckdb', 'src/load/open.ts', 'src/load/rollup.ts', 'src/cli/config'],
    ],
    [/\binstanceof (Flat|Scanned)Record\b/, []],
  ])('%s', (pattern, folders) => {
    const wrong = files
      .filter(file => within(file, 'src') && !within(file, 'src/simulator') && !within(file, ...folders))
      .filter(file => pattern.test(withoutProse(sources.get(file) ?? '', file)))
    expect(wrong).toEqual([])
  })
})

/** Comments may speak of anything; what a user reads may name a database, and the commands say so in the CLI's text. */
function withoutProse(source: string, file: string): string {
  const bare = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*$/gm, '')
  return within(file, 'src/cli') ? bare.replace(/'[^'\n]*'|`[^`]*`/g, "''") : bare
}

test('8. no import goes round in a circle, types included', () => {
  const graph = new Map<string, string[]>()
  for (const { from, to } of imports) graph.set(from, [...(graph.get(from) ?? []), to])
  const circles: string[] = []
  const done = new Set<string>()
  const visit = (file: string, path: readonly string[]): void => {
    const at = path.indexOf(file)
    if (at >= 0) circles.push([...path.slice(at), file].join(' → '))
    if (at >= 0 || done.has(file)) return
    for (const next of graph.get(file) ?? []) if (graph.has(next)) visit(next, [...path, file])
    done.add(file)
  }
  for (const file of graph.keys()) visit(file, [])
  expect(circles).toEqual([])
})

test('9. every folder named in these rules exists', () => {
  const named = DOORS.flatMap(([, doors]) => doors)
  expect(named.filter(door => !files.some(file => within(file, door)))).toEqual([])
})

const PAGES = ['src/cli/commands/report-page.ts', 'src/cli/fleet/report.ts'] as const
const ALONE = [...PAGES, 'src/cli/commands/demo.ts', 'src/cli/fleet/queue.ts'] as const

test('10. what only one command needs is loaded by that command: charts by report, the made-up store by demo', () => {
  const wrong = imports.filter(
    ({ from, to, isLazy }) =>
      (within(to, ...ALONE) && !isLazy && !within(from, ...ALONE)) ||
      (within(to, 'src/cli/report-page') && !within(from, 'src/cli/report-page', ...PAGES)),
  )
  expect(notAllowed(wrong)).toEqual([])
})

test('11. a command starts without what only an open database or a request needs', () => {
  const loaded = new Set<string>()
  const load = (file: string): void => {
    if (loaded.has(file)) return
    loaded.add(file)
    for (const { from, to, isLazy, isType } of imports) if (from === file && !isLazy && !isType) load(to)
  }
  load('src/cli/program.ts')
  expect([...loaded]).toEqual(expect.arrayContaining(['commander', 'zod', 'src/load/open.ts']))
  expect(['kysely', 'pg', '@duckdb/node-api', 'undici', 'vega', 'pg-boss'].filter(name => loaded.has(name))).toEqual([])
})
