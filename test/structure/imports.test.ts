import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

interface Import {
  readonly from: string
  readonly to: string
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
    return { from, to: to.startsWith('.') ? normalize(join(dirname(from), to)) : to }
  }),
)

/** A folder, or a file, by the beginning of its path. */
const within = (path: string, ...places: readonly string[]): boolean =>
  places.some(place => path === place || path.startsWith(`${place}/`))

/** What every part may lean on: nouns, errors, time, rows as bytes, and the language of the declarations. */
const GROUND = [
  'src/model.ts',
  'src/destination.ts',
  'src/absence.ts',
  'src/extras.ts',
  'src/rejection.ts',
  'src/errors.ts',
  'src/instant.ts',
  'src/cells.ts',
  'src/cell-writer.ts',
  'src/reconciliation.ts',
  'src/exact-json.ts',
  'src/flat-record.ts',
  'src/declare',
]

/** Where a part may import from besides itself and the ground. */
const MAY: readonly (readonly [string, readonly string[]])[] = [
  ['src/declare', []],
  ['src/model.ts', []],
  ['src/extras.ts', []],
  ['src/rejection.ts', []],
  ['src/absence.ts', []],
  ['src/errors.ts', []],
  ['src/instant.ts', []],
  ['src/cells.ts', []],
  ['src/cell-writer.ts', []],
  ['src/destination.ts', []],
  ['src/exact-json.ts', []],
  ['src/flat-record.ts', []],
  ['src/exit.ts', []],
  ['src/reconciliation.ts', []],
  ['src/walk.ts', []],
  ['src/checkpoint.ts', ['src/walk.ts']],
  ['src/evidence.ts', ['src/checkpoint.ts']],
  ['src/prefetch.ts', []],
  ['src/extract', []],
  ['src/transform', []],
  ['src/load', []],
  ['src/simulator', []],
  ['src/config', []],
  ['src/secrets.ts', []],
  ['src/text-table.ts', []],
  ['src/log.ts', ['src/secrets.ts']],
  ['src/scopes.ts', ['src/extract/source.ts']],
  ['src/stats.ts', ['src/checkpoint.ts']],
  ['src/progress.ts', ['src/stats.ts']],
  ['src/report.ts', ['src/text-table.ts']],
  [
    'src/pipeline.ts',
    [
      'src/checkpoint.ts',
      'src/drift.ts',
      'src/prefetch.ts',
      'src/evidence.ts',
      'src/repeat.ts',
      'src/stats.ts',
      'src/extract/source.ts',
      'src/transform',
    ],
  ],
  ['src/fill.ts', ['src/repeat.ts', 'src/extract/source.ts', 'src/transform/recover.ts']],
  ['src/repeat.ts', []],
  ['src/drift.ts', ['src/fill.ts', 'src/stats.ts', 'src/transform']],
  [
    'src/sweep.ts',
    [
      'src/drift.ts',
      'src/pipeline.ts',
      'src/prefetch.ts',
      'src/evidence.ts',
      'src/stats.ts',
      'src/walk.ts',
      'src/transform/batch.ts',
    ],
  ],
  ['src/sync.ts', ['src/checkpoint.ts', 'src/fill.ts', 'src/pipeline.ts', 'src/sweep.ts', 'src/stats.ts']],
  ['src/import', ['src/pipeline.ts', 'src/transform/batch.ts', 'src/transform/redact.ts']],
  ['src/backfill.ts', ['src/checkpoint.ts', 'src/pipeline.ts', 'src/stats.ts']],
  ['src/replay.ts', ['src/pipeline.ts', 'src/transform/batch.ts']],
  [
    'src/reconcile',
    [
      'src/checkpoint.ts',
      'src/walk.ts',
      'src/pipeline.ts',
      'src/prefetch.ts',
      'src/stats.ts',
      'src/extract/source.ts',
      'src/transform/batch.ts',
    ],
  ],
  [
    'src/run.ts',
    [
      'src/drift.ts',
      'src/pipeline.ts',
      'src/stats.ts',
      'src/report.ts',
      'src/progress.ts',
      'src/log.ts',
      'src/scopes.ts',
      'src/extract/source.ts',
    ],
  ],
  ['src/app.ts', ['schemas/index.ts', 'src/config', 'src/extract', 'src/load/open.ts', 'src/log.ts', 'src/secrets.ts']],
  ['src/commands', ['src']],
  ['src/program.ts', ['src']],
  ['src/cli.ts', ['src/program.ts']],
  ['src/generate.ts', ['src/config/schema.ts']],
  ['schemas', []],
]

/** Nobody imports these, so that they can import everything. */
const TOP = ['src/cli.ts', 'src/generate.ts']
const APP_USERS = ['src/program.ts', 'src/commands']

/** The outside world, each part of it through its own door. */
const OUTSIDE: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^pg$|^pg-copy-streams$/, ['src/load/postgres']],
  [/^@duckdb\/node-(api|bindings)$/, ['src/load/duckdb']],
  [/^kysely$/, ['src/load']],
  [/^zod$/, ['src/declare', 'src/config', 'src/generate.ts']],
  [/^yaml$|^leven$/, ['src/config']],
  [/^pino$/, ['src/log.ts']],
  [/^p-limit$/, ['src/extract/request.ts', 'src/run.ts']],
  [/^commander$/, ['src/program.ts']],
  [/^csv-parse$/, ['src/import/csv.ts']],
  [/^ulid$/, ['src/app.ts']],
  [/^temporal-polyfill$/, ['src/instant.ts']],
  [/^node:(https?|zlib)$/, ['src/extract/wire.ts', 'src/simulator']],
]

const notAllowed = (found: readonly Import[]): string[] => found.map(({ from, to }) => `${from} → ${to}: not allowed`)

test('stages know nothing of each other; only who conducts them does', () => {
  const wrong = imports.filter(({ from, to }) => {
    if (!within(to, 'src', 'schemas')) return false
    const rule = MAY.find(([place]) => within(from, place))
    if (!rule) return true
    const [place, allowed] = rule
    return !within(to, place, ...GROUND, ...allowed)
  })
  expect(notAllowed(wrong)).toEqual([])
})

test('the ground leans on nothing but itself, and nobody imports who is on top', () => {
  const wrong = imports.filter(
    ({ from, to }) =>
      within(to, ...TOP) ||
      (to === 'src/app.ts' && !within(from, ...APP_USERS)) ||
      (within(to, 'src/commands') && !within(from, ...APP_USERS)),
  )
  expect(notAllowed(wrong)).toEqual([])
})

test('one database folder knows nothing of the other, and shared code of neither', () => {
  const wrong = imports.filter(
    ({ from, to }) =>
      (within(from, 'src/load/sql') && within(to, 'src/load/postgres', 'src/load/duckdb')) ||
      (within(from, 'src/load/postgres') && within(to, 'src/load/duckdb')) ||
      (within(from, 'src/load/duckdb') && within(to, 'src/load/postgres')),
  )
  expect(notAllowed(wrong)).toEqual([])
})

test('what comes from outside has one door each', () => {
  const wrong = imports.filter(({ from, to }) =>
    OUTSIDE.some(([name, places]) => name.test(to) && !within(from, ...places)),
  )
  expect(notAllowed(wrong)).toEqual([])
})

test.each([
  [/\bfetch\(/, []],
  [/\bprocess\.env\b/, ['src/config/load.ts']],
  [/\bprocess\.exit\b/, ['src/program.ts']],
  [/\bDate\.now\b|\bnew Date\(\)/, ['src/app.ts']],
  [/\bMath\.random\b/, ['src/app.ts']],
  [/postgres|duckdb/i, ['src/load/postgres', 'src/load/duckdb', 'src/load/open.ts', 'src/config']],
])('%s stands only where it belongs', (pattern, places) => {
  const wrong = files
    .filter(file => within(file, 'src') && !within(file, 'src/simulator') && !within(file, ...places))
    .filter(file => pattern.test(withoutProse(sources.get(file) ?? '', file)))
  expect(wrong).toEqual([])
})

/** Comments may speak of anything; what a user reads may name a database, and the commands say so in the CLI's text. */
function withoutProse(source: string, file: string): string {
  const bare = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*$/gm, '')
  return file === 'src/program.ts' || within(file, 'src/commands') ? bare.replace(/'[^'\n]*'|`[^`]*`/g, "''") : bare
}

test('no import goes round in a circle, types included', () => {
  const graph = new Map<string, string[]>()
  for (const { from, to } of imports) graph.set(from, [...(graph.get(from) ?? []), to])
  const circles: string[] = []
  const done = new Set<string>()
  const walk = (file: string, path: readonly string[]): void => {
    const at = path.indexOf(file)
    if (at >= 0) circles.push([...path.slice(at), file].join(' → '))
    if (at >= 0 || done.has(file)) return
    for (const next of graph.get(file) ?? []) if (graph.has(next)) walk(next, [...path, file])
    done.add(file)
  }
  for (const file of graph.keys()) walk(file, [])
  expect(circles).toEqual([])
})

test('no file is longer than 250 lines unless docs/decisions.md says why', () => {
  const decisions = readFileSync(join(ROOT, 'docs/decisions.md'), 'utf8')
  const long = files
    .map(file => ({ file, lines: (sources.get(file) ?? '').split('\n').length - 1 }))
    .filter(({ file, lines }) => lines > 250 && !decisions.includes(`\`${file}\``))
  expect(long).toEqual([])
})

test('the table above is about this tree: every place in it exists', () => {
  const places = [...MAY.map(([place]) => place), ...OUTSIDE.flatMap(([, p]) => p)]
  expect(places.filter(place => !files.some(file => within(file, place)))).toEqual([])
  expect(imports.length).toBeGreaterThan(100)
})
