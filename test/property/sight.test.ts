import fc, { type GeneratorValue } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { STREAMS } from '../../src/app.ts'
import type { Stream } from '../../src/declare/stream.ts'
import { parseExact } from '../../src/exact-json.ts'
import { cursorOf, signature } from '../../src/extract/page.ts'
import { FlatRecord } from '../../src/flat-record.ts'
import type { Instant, Page } from '../../src/model.ts'
import { makeStore } from '../../src/simulator/story.ts'
import { flattenPage } from '../../src/transform/batch.ts'
import { bodyReader, type ReadBody } from '../../src/transform/sight/body.ts'
import { sealed } from '../support/seal.ts'

/*
 * A page whose records become rows at sight comes to the same as one that is parsed and flattened, whatever is in it: the
 * same rows, rejects and findings, and for `extract` the same records. The bodies are of the simulator's store, with
 * values that no declaration expects, written in every way that JSON has, and some of them broken.
 */

/** JSON as text, a list, or members: an object of JavaScript has no member twice. */
type Node = string | readonly Node[] | { readonly members: readonly (readonly [string, Node])[] }

const nodeOf = (value: unknown): Node =>
  Array.isArray(value)
    ? value.map(nodeOf)
    : typeof value === 'object' && value !== null
      ? { members: Object.entries(value).map(([name, member]) => [name, nodeOf(member)] as const) }
      : JSON.stringify(value)

const ODD: readonly Node[] = [
  'null',
  'true',
  'false',
  '""',
  '" "',
  '"abc"',
  '"5"',
  '"-0"',
  '"0005.500"',
  '"12,5"',
  '"1e3"',
  '"123456789012.5"',
  '"0.12345678901"',
  '"Zoë\\nBjörk"',
  '"Zoë Björk"',
  '"\\u0000"',
  '"a\\u0000b"',
  '"\\ud83d\\ude00"',
  '"\\ud83d"',
  '"😀😀😀😀😀😀😀😀😀😀😀😀 more than forty characters of text"',
  '"2025-01-31T10:00:00+00:00"',
  '"2025-02-31T10:00:00+00:00"',
  '"2025-01-31T10:00:00"',
  '"2025-01-31T10:00:00.5+05:30"',
  '"2025-01-31"',
  '0',
  '-0',
  '5',
  '-5',
  '007',
  '5.',
  '.5',
  '5.0',
  '1.10',
  '0.0725',
  '1E3',
  '1e400',
  '0.00000001',
  '123456789012345',
  '1234567890123456',
  '12345678901234567890',
  '0.1234567890123456789',
  'nul',
  'NaN',
  [],
  ['1', '"a"', 'null'],
  [{ members: [] }],
  [{ members: [['name', '"x"']] }, 'null'],
  { members: [] },
  {
    members: [
      ['b', '1'],
      ['a', '1.50'],
    ],
  },
  {
    members: [
      ['2', '1'],
      ['1', '1'],
    ],
  },
  {
    members: [
      ['ecommerce', '"1"'],
      ['ecommerce', '"2"'],
    ],
  },
  { members: [['__proto__', '"x"']] },
]
const NAMES = ['id', 'updated_at', 'hash', 'customer', 'new_field', '__proto__', 'constructor', '7', 'é', '']

/** The same with something odd in one place. */
function bent(node: Node, g: GeneratorValue): Node {
  const odd = (): Node => g(fc.constantFrom, ...ODD)
  if (typeof node === 'string' || g(fc.nat, { max: 9 }) === 0) return odd()
  if (Array.isArray(node)) {
    const list = node as readonly Node[]
    if (list.length === 0) return [odd()]
    const at = g(fc.nat, { max: list.length - 1 })
    return list.map((element, i) => (i === at ? bent(element, g) : element))
  }
  const { members } = node as { readonly members: readonly (readonly [string, Node])[] }
  const at = g(fc.nat, { max: Math.max(0, members.length - 1) })
  const name = g(fc.constantFrom, ...NAMES, ...members.map(([known]) => known))
  switch (g(fc.nat, { max: 5 })) {
    case 0:
      return { members: members.filter((_, i) => i !== at) }
    case 1:
      return { members: [...members.slice(0, at), [name, odd()], ...members.slice(at)] }
    case 2:
      return { members: [...members.slice(at), ...members.slice(0, at)] }
    default:
      return { members: members.map(([known, member], i) => [known, i === at ? bent(member, g) : member]) }
  }
}

interface Style {
  readonly blanks: readonly string[]
  /** One character in so many is written as an escape; 0: none. */
  readonly escapes: number
}

function written(node: Node, style: Style, g: GeneratorValue): string {
  const blank = (): string =>
    style.blanks.length === 1 ? (style.blanks[0] ?? '') : g(fc.constantFrom, ...style.blanks)
  const text = (json: string): string =>
    style.escapes === 0 || !json.startsWith('"') || json.includes('\\')
      ? json
      : `"${[...json.slice(1, -1)].map(c => (g(fc.nat, { max: style.escapes }) === 0 ? escaped(c) : c)).join('')}"`
  if (typeof node === 'string') return text(node)
  if (Array.isArray(node))
    return `[${blank()}${(node as readonly Node[]).map(element => written(element, style, g)).join(`,${blank()}`)}${blank()}]`
  const { members } = node as { readonly members: readonly (readonly [string, Node])[] }
  const each = members.map(
    ([name, member]) => `${text(JSON.stringify(name))}${blank()}:${blank()}${written(member, style, g)}`,
  )
  return `{${blank()}${each.join(`,${blank()}`)}${blank()}}`
}

const escaped = (c: string): string =>
  c === '/'
    ? '\\/'
    : [...Array(c.length).keys()].map(i => `\\u${c.charCodeAt(i).toString(16).padStart(4, '0')}`).join('')

const STYLES: readonly Style[] = [
  { blanks: [''], escapes: 0 },
  { blanks: [' '], escapes: 0 },
  { blanks: ['', ' ', '\n  ', '\t\r'], escapes: 0 },
  { blanks: [''], escapes: 20 },
]

/** One byte of it is another, missing, or one too many. */
function damaged(body: Buffer, g: GeneratorValue): Buffer {
  const at = g(fc.nat, { max: body.length - 1 })
  const byte = Buffer.from([
    g(fc.constantFrom, 0, 9, 32, 34, 44, 45, 46, 48, 58, 91, 92, 93, 101, 123, 125, 128, 195, 255),
  ])
  const keep = g(fc.nat, { max: 1 })
  return Buffer.concat([body.subarray(0, at), ...(g(fc.boolean) ? [byte] : []), body.subarray(at + keep)])
}

const store = makeStore()
/** What is read by segments, and records of it. */
const CASES = STREAMS.flatMap(declared => {
  const { sync, name } = declared
  if (sync.mode !== 'incremental' || !sync.sorted) return []
  const records = store.all(name as never).slice(0, 60)
  return records.length === 0 ? [] : [{ name, declared, records: records.map(nodeOf) }]
})

const AT = '2026-01-01T00:00:00.000000Z' as Instant
const pageOf = (records: readonly unknown[]): Page => ({
  records,
  receivedAt: AT,
  range: 0,
  ranges: [],
  resume: null,
  last: false,
  restarted: false,
})

/** All that the rest of the program sees of a body. */
function seen(body: unknown, stream: Stream): unknown {
  const { [stream.list]: list, ...rest } = (body ?? {}) as Record<string, unknown>
  if (!Array.isArray(list)) return { rest, list }
  const { entities, bytes, ...page } = flattenPage(stream, pageOf(list))
  return {
    rest,
    ...page,
    bytes,
    entities: entities.map(e => ({ ...about(e), bytes: e.bytes.toString('hex', e.start, e.end) })),
    signature: signature(list, stream),
    cursors: list.map(record => cursorOf(record, stream)),
  }
}

const about = ({ key, cursor, hash }: { key: string; cursor: Instant | null; hash: bigint }) => ({ key, cursor, hash })

const asWhole = (body: Buffer): unknown => parseExact(new TextDecoder().decode(body))

async function compare(body: Buffer, stream: Stream, read: ReadBody): Promise<{ flat: number; objects: number }> {
  let expected: unknown
  try {
    expected = asWhole(body)
  } catch {
    expect(await read(body), 'a body that is no JSON was read').toBeNull()
    return { flat: 0, objects: 0 }
  }
  const actual = await read(body)
  expect(seen(actual ?? asWhole(body), stream)).toEqual(seen(expected, stream))
  const list = (actual?.[stream.list] ?? []) as readonly unknown[]
  const flat = list.filter(record => record instanceof FlatRecord).length
  return { flat, objects: list.length - flat }
}

const POLICIES = [
  {},
  { onMismatch: 'null' },
  { sensitive: 'omit' },
  { sensitive: 'keep' },
  { columns: { charges__line_items: { sku: 'hash' }, customers: { email: 'omit', analytics_data: 'hash' } } },
] as const

describe.each(CASES)('$name', ({ declared, records }) => {
  test('records of the store become rows at sight', async () => {
    const stream = sealed(declared)
    const read = bodyReader(stream)
    const body = Buffer.from(written({ members: [[stream.list, records]] }, STYLES[0] as Style, undefined as never))
    expect(read && (await compare(body, stream, read))).toEqual({ flat: records.length, objects: 0 })
  })

  test('whatever stands in a page, it comes to the same', async () => {
    let flat = 0
    let objects = 0
    await fc.assert(
      fc.asyncProperty(fc.gen(), async g => {
        const stream = sealed(declared, g(fc.constantFrom, ...POLICIES))
        const read = bodyReader(stream)
        if (read === null) throw new Error(`${stream.name} is not read at sight`)
        const style = g(fc.constantFrom, ...STYLES)
        const from = g(fc.nat, { max: records.length - 1 })
        const some = records.slice(from, from + 1 + g(fc.nat, { max: 2 })).map(record => {
          const times = g(fc.nat, { max: 2 })
          return Array.from({ length: times }).reduce<Node>(node => bent(node, g), record)
        })
        const members: [string, Node][] = [
          ['previous_cursor', 'null'],
          [stream.list, g(fc.nat, { max: 30 }) === 0 ? g(fc.constantFrom, ...ODD) : some],
          ['next_cursor', g(fc.nat, { max: 30 }) === 0 ? g(fc.constantFrom, ...ODD) : '"eyJ"'],
        ]
        const body = Buffer.from(written({ members }, style, g))
        const counts = await compare(g(fc.nat, { max: 4 }) === 0 ? damaged(body, g) : body, stream, read)
        flat += counts.flat
        objects += counts.objects
      }),
      { numRuns: 200 },
    )
    // Both ways were taken, and more than now and then.
    expect(flat).toBeGreaterThan(50)
    expect(objects).toBeGreaterThan(50)
  })
})
