import { isUtf8 } from 'node:buffer'
import fc, { type GeneratorValue } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { STREAMS } from '../../src/cli/app.ts'
import { parseExact } from '../../src/common/exact-json.ts'
import type { DecodedPage } from '../../src/common/model.ts'
import {
  alsoFrom,
  anyText,
  day,
  flag,
  instant,
  int,
  json,
  money,
  rate,
  required,
  sensitive,
  text,
} from '../../src/schema/column.ts'
import { child, stream } from '../../src/schema/define.ts'
import type { Stream } from '../../src/schema/stream.ts'
import { hasStory } from '../../src/simulator/fixture.ts'
import { makeStore } from '../../src/simulator/story.ts'
import { decodeRecords, pageDecoder } from '../../src/transform/decode-page.ts'
import { rounds } from '../support/rounds.ts'
import { sampleOf } from '../support/run.ts'
import { withTestSalt } from '../support/salt.ts'
import { scanBody } from '../support/scan.ts'

/*
 * The scanner gives the same result for a page as the parser: the same rows, rejects and stats, and the same keys and
 * cursors. The bodies come from the simulator's store, with values that no declaration expects, written in every form that
 * JSON allows. Some of them are broken.
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
  '"0.1234567"',
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
  '98765432109876543',
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
  {
    members: [
      ['12', '1'],
      ['10', '1'],
    ],
  },
  '{"\\u0061b":1}',
  '{"a\\/b":"a\\/b"}',
]
const NAMES = [
  'width',
  'size',
  'pass',
  'count',
  'id',
  'updated_at',
  'hash',
  'customer',
  'new_field',
  '__proto__',
  'constructor',
  '7',
  'é',
  '',
]

/** Drawn by its place: fast-check compares what is drawn from with all that it drew from before. */
const oneOf = <T>(values: readonly T[], g: GeneratorValue): T => values[g(fc.nat, { max: values.length - 1 })] as T

/** An unusual value, or an object or a list with one. */
function oddly(g: GeneratorValue): Node {
  const kind = g(fc.nat, { max: 5 })
  if (kind > 1) return oneOf(ODD, g)
  const inner = Array.from({ length: g(fc.nat, { max: 3 }) }, () => oddly(g))
  return kind === 0 ? inner : { members: inner.map(node => [oneOf(NAMES, g), node] as const) }
}

/** The same JSON with an unusual value somewhere. */
function bent(node: Node, g: GeneratorValue): Node {
  const odd = (): Node => oddly(g)
  if (typeof node === 'string' || g(fc.nat, { max: 9 }) === 0) return odd()
  if (Array.isArray(node)) {
    const list = node as readonly Node[]
    if (list.length === 0) return [odd()]
    const at = g(fc.nat, { max: list.length - 1 })
    return list.map((element, i) => (i === at ? bent(element, g) : element))
  }
  const { members } = node as { readonly members: readonly (readonly [string, Node])[] }
  const at = g(fc.nat, { max: Math.max(0, members.length - 1) })
  const name = oneOf([...NAMES, ...members.map(([known]) => known)], g)
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
  const blank = (): string => (style.blanks.length === 1 ? (style.blanks[0] ?? '') : oneOf(style.blanks, g))
  const quoted = (json: string): string =>
    style.escapes === 0 || !json.startsWith('"') || json.includes('\\')
      ? json
      : `"${[...json.slice(1, -1)].map(c => (g(fc.nat, { max: style.escapes }) === 0 ? escaped(c) : c)).join('')}"`
  if (typeof node === 'string') return quoted(node)
  if (Array.isArray(node))
    return `[${blank()}${(node as readonly Node[]).map(element => written(element, style, g)).join(`,${blank()}`)}${blank()}]`
  const { members } = node as { readonly members: readonly (readonly [string, Node])[] }
  const each = members.map(
    ([name, member]) => `${quoted(JSON.stringify(name))}${blank()}:${blank()}${written(member, style, g)}`,
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

/** The same bytes with one of them changed, removed or added. */
function damaged(body: Buffer, g: GeneratorValue): Buffer {
  const at = g(fc.nat, { max: body.length - 1 })
  const byte = Buffer.from([
    g(fc.constantFrom, 0, 9, 32, 34, 44, 45, 46, 48, 58, 91, 92, 93, 101, 123, 125, 128, 195, 255),
  ])
  const keep = g(fc.nat, { max: 1 })
  return Buffer.concat([body.subarray(0, at), ...(g(fc.boolean) ? [byte] : []), body.subarray(at + keep)])
}

/** A stream with one column of each kind, so that a changed value often is one of them. */
const things = stream({
  name: 'things',
  singular: 'thing',
  doc: 'A thing.',
  path: '/things',
  sort: 'updated_at-asc',
  list: 'things',
  scopes: [],
  key: 'id',
  sync: { mode: 'incremental', cursor: 'updated_at', since: 'updated_at_min', until: 'updated_at_max', sorted: true },
  columns: {
    id: required(int('Key.')),
    updated_at: instant('Changed.'),
    name: text('Name.'),
    secret: sensitive(text('Key.')),
    count: int('Count.'),
    total: money('Total.'),
    share: rate('Share.'),
    paid: flag('Paid.'),
    seen_at: instant('Seen.'),
    due: day('Due.'),
    tags: json('Tags.'),
    note: anyText('Note.'),
    box_name: text('Name of its box.', 'box.name'),
    box_tags: json('Tags of its box.', 'box.tags'),
    size: alsoFrom(['width', 'box.size'], money('Size.')),
    code: alsoFrom(['pass'], sensitive(text('Code.'))),
  },
  children: {
    lines: child({
      doc: 'A line.',
      from: 'lines',
      columns: { sku: text('SKU.'), tags: json('Tags.'), n: alsoFrom(['count'], int('N.')) },
    }),
    parts: child({ doc: 'A part.', from: 'box.parts', columns: { name: text('Name.') } }),
    marks: child({
      doc: 'A mark.',
      from: 'marks',
      element: 'mark',
      columns: { mark: anyText('Mark.'), by: text('Who.') },
    }),
  },
  objects: ['include'],
})
const THING = {
  id: 1,
  updated_at: '2025-01-15T10:00:00+00:00',
  name: 'Zoë',
  secret: 'f00dfeed',
  count: 5,
  total: '12.50',
  share: 0.0725,
  paid: true,
  seen_at: null,
  due: '2025-02-28',
  tags: { b: ['x', 1, { c: null }], a: 'y' },
  note: { b: ['x', 1.5], a: 'y' },
  include: {},
  marks: [7, '8', { mark: 9, by: 'me' }],
  box: { name: 'small', tags: ['a'], parts: [{ name: 'lid' }] },
  lines: [
    { sku: 'a', tags: {}, n: 1 },
    { sku: null, count: 2 },
  ],
  width: '5.00',
}

const store = makeStore()
/** Streams that are read by segments, with records of theirs. */
const CASES: readonly Case[] = [
  {
    name: 'things',
    declared: things,
    records: [THING, { ...THING, id: 2, box: null }].map(nodeOf),
    runs: rounds(300, 3000),
  },
  ...ofStore(),
]

interface Case {
  readonly name: string
  readonly declared: Stream
  readonly records: readonly Node[]
  readonly runs: number
}

function ofStore(): Case[] {
  return STREAMS.flatMap(declared => {
    const { sync, name } = declared
    if (sync.mode !== 'incremental' || !sync.sorted) return []
    const records = hasStory(name) ? store.all(name).slice(0, 60) : [sampleOf(name)]
    return records.length === 0 ? [] : [{ name, declared, records: records.map(nodeOf), runs: rounds(75, 150) }]
  })
}

/** All that the rest of the program sees of a page. */
const seen = ({ records, ...page }: DecodedPage): unknown => ({
  ...page,
  records: records.map(({ bytes, start, end, ...record }) => ({ ...record, bytes: bytes.toString('hex', start, end) })),
})

/** The parser's result for a body, or the error that it throws. */
function parsed(body: Buffer, stream: Stream): unknown {
  const members = parseExact(new TextDecoder('utf-8', { fatal: true }).decode(body)) as Record<string, unknown>
  const list = members[stream.list]
  if (!Array.isArray(list)) return 'no list'
  // Null says that there is no next page, an absent pointer says nothing.
  const pointers = [members.next_cursor, members.next].filter(pointer => pointer !== undefined)
  const next = pointers.length === 0 ? undefined : (pointers.find(pointer => pointer !== null) ?? null)
  return { ...(seen(decodeRecords(stream, list)) as object), next }
}

/** @returns how many records were scanned, and how many were left to the parser. */
async function compare(body: Buffer, stream: Stream): Promise<{ scanned: number; parsed: number }> {
  let expected: unknown
  try {
    expected = parsed(body, stream)
  } catch {
    // The decoder scans only what is UTF-8.
    if (isUtf8(body)) expect(scanBody(stream, body), 'a body that is no JSON was scanned').toBeNull()
    await expect(pageDecoder(stream)(body)).rejects.toThrow(isUtf8(body) ? 'not JSON' : 'not UTF-8')
    return { scanned: 0, parsed: 0 }
  }
  if (expected === 'no list') await expect(pageDecoder(stream)(body)).rejects.toThrow()
  else expect(seen(await pageDecoder(stream)(body))).toEqual(expected)
  const each = scanBody(stream, body)?.scanned ?? []
  const scanned = each.filter(Boolean).length
  return { scanned, parsed: each.length - scanned }
}

const POLICIES = [
  {},
  { onMismatch: 'reject' },
  { sensitive: 'omit' },
  { sensitive: 'keep' },
  { columns: { charges__line_items: { sku: 'hash' }, customers: { email: 'omit', analytics_data: 'hash' } } },
] as const

describe.each(CASES)('$name', ({ declared, records, runs }) => {
  test('records of the store are scanned', async () => {
    const under = withTestSalt(declared)
    const body = Buffer.from(written({ members: [[under.list, records]] }, STYLES[0] as Style, undefined as never))
    expect(await compare(body, under)).toEqual({ scanned: records.length, parsed: 0 })
  })

  test('a body that is broken at its end or goes on is not scanned', () => {
    const under = withTestSalt(declared)
    const body = written({ members: [[under.list, records.slice(0, 2)]] }, STYLES[0] as Style, undefined as never)
    for (const broken of [
      `${body}x`,
      `${body}}`,
      `${body},`,
      body.slice(0, -1),
      body.slice(0, -2),
      body.slice(0, -3),
      '',
    ])
      expect(scanBody(under, Buffer.from(broken)), broken.slice(-9)).toBeNull()
    expect(scanBody(under, Buffer.from(`\n${body}\r\n`))).not.toBeNull()
  })

  test('whatever stands in a page, it comes to the same', async () => {
    let scanned = 0
    let parsed = 0
    await fc.assert(
      fc.asyncProperty(fc.gen(), async g => {
        const under = withTestSalt(declared, oneOf(POLICIES, g))
        const style = oneOf(STYLES, g)
        const from = g(fc.nat, { max: records.length - 1 })
        const some = records.slice(from, from + 1 + g(fc.nat, { max: 2 })).map(record => {
          const times = g(fc.nat, { max: 2 })
          return Array.from({ length: times }).reduce<Node>(node => bent(node, g), record)
        })
        const members: [string, Node][] = [
          ['previous_cursor', 'null'],
          [under.list, g(fc.nat, { max: 30 }) === 0 ? oneOf(ODD, g) : some],
          ['next_cursor', g(fc.nat, { max: 30 }) === 0 ? oneOf(ODD, g) : '"eyJ"'],
        ]
        const body = Buffer.from(written({ members }, style, g))
        const counts = await compare(g(fc.nat, { max: 4 }) === 0 ? damaged(body, g) : body, under)
        scanned += counts.scanned
        parsed += counts.parsed
      }),
      { numRuns: runs },
    )
    // Both the scanner and the parser had many records.
    expect(scanned).toBeGreaterThan(runs / 4)
    expect(parsed).toBeGreaterThan(runs / 4)
  })
})

describe('a value of its own', () => {
  const under = withTestSalt(things)
  const inside: readonly ((node: Node) => Node)[] = [
    node => node,
    node => [node],
    node => ({ members: [['name', node]] }),
    node => ({ members: [['a', { members: [['bcd', ['"x"', node]]] }]] }),
  ]

  test.each(Object.keys(THING))('in place of %s', async name => {
    for (const odd of ODD)
      for (const put of inside)
        for (const blank of ['', ' ']) {
          const { members } = nodeOf(THING) as { members: readonly (readonly [string, Node])[] }
          const record = { members: members.map(([known, node]) => [known, known === name ? put(odd) : node] as const) }
          const body = written({ members: [['things', [record]]] }, { blanks: [blank], escapes: 0 }, undefined as never)
          await compare(Buffer.from(body), under)
        }
  })

  test.each([[[0xff]], [[0xc3]], [[0xe2, 0x82]], [[0xed, 0xa0, 0x80]], [[0xf4, 0x90, 0x80, 0x80]]])(
    'bytes that are no text: %j',
    async bytes => {
      const [before = '', after = ''] = JSON.stringify({ things: [{ ...THING, name: 'a|b' }] }).split('|')
      const body = Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)])
      await compare(body, under)
    },
  )
})
