import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromMillis } from '../../src/common/instant.ts'
import { instant, int, required, text } from '../../src/schema/column.ts'
import { stream } from '../../src/schema/define.ts'
import type { Stream } from '../../src/schema/stream.ts'
import { rowsOf } from '../support/cells.ts'
import { type RawPage, toBatch } from '../support/page.ts'

const shared = { singular: 'thing', doc: 'A thing.', path: '/things', list: 'things', scopes: [], key: 'id' } as const
const columns = { id: required(int('Key.')), updated_at: instant('Changed.'), note: text('Note.') }
const things = stream({
  ...shared,
  name: 'things',
  sync: { mode: 'incremental', cursor: 'updated_at', since: 'updated_at_min', until: 'updated_at_max', sorted: false },
  columns,
})
const strict: Stream = { ...things, onMismatch: 'reject' }
const snapshots = stream({ ...shared, name: 'snapshots', sync: { mode: 'full' }, columns })

const second = (n: number): string => new Date(Date.UTC(2025, 0, 15, 10, 0, n)).toISOString()
const cursor = (n: number): string => fromMillis(Date.parse(second(n)))
const record = (id: number | string, at: number, note = ''): object => ({ id, updated_at: second(at), note })
const page = (records: readonly unknown[], at = 0, last = false): RawPage => ({
  records,
  receivedAt: fromMillis(Date.parse(second(at))),
  range: 1,
  ranges: [{ id: 1, since: null, until: null }],
  resume: last ? null : 'next',
  last,
  restarted: false,
})

const notes = (pages: readonly [RawPage, ...RawPage[]], of: Stream = things): unknown[] =>
  [...toBatch(of, pages).records.values()].map(record => rowsOf(record, of).row[2])

describe('two versions of a record', () => {
  test.each([
    ['the newer comes last', [record(1, 1, 'old'), record(1, 2, 'new')], ['new']],
    ['the newer comes first', [record(1, 2, 'new'), record(1, 1, 'old')], ['new']],
    ['the newest is in the middle', [record(1, 1, 'a'), record(1, 3, 'new'), record(1, 2, 'b')], ['new']],
    ['a number and a text are one key', [record(1, 1, 'old'), record('1', 2, 'new')], ['new']],
    ['another key between them', [record(1, 1, 'old'), record(2, 1, 'two'), record(1, 2, 'new')], ['two', 'new']],
  ])('I5: the newest is kept when %s', (_what, records, expected) => {
    expect(notes([page(records)])).toEqual(expected)
  })

  test('I5: the newest is kept across pages', () => {
    expect(notes([page([record(1, 2, 'new')]), page([record(1, 1, 'old')])])).toEqual(['new'])
  })

  test('I5: of two with an equal cursor the later read is kept', () => {
    expect(notes([page([record(1, 1, 'first'), record(1, 1, 'second')])])).toEqual(['second'])
    expect(notes([page([record(1, 1, 'first')]), page([record(1, 1, 'second')])])).toEqual(['second'])
  })

  test('I5: without a cursor the later read is kept, whatever its time', () => {
    expect(notes([page([record(1, 2, 'first'), record(1, 1, 'second')])], snapshots)).toEqual(['second'])
  })

  test('K1/2: a cursor in the future does not win over a later arrival', () => {
    expect(notes([page([record(1, 600, 'of the future'), record(1, 2, 'later')])])).toEqual(['later'])
    expect(notes([page([record(1, 600, 'of the future')]), page([record(1, 2, 'later')])])).toEqual(['later'])
    expect(notes([page([record(1, 300, 'clocks differ'), record(1, 2, 'later')])])).toEqual(['clocks differ'])
  })

  test('I5: the newest is kept in any order of arrival, and of equal ones the last', () => {
    const reads = fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 0, max: 5 })), { maxLength: 12 })
    fc.assert(
      fc.property(reads, fc.integer({ min: 0, max: 12 }), (read, cut) => {
        const records = read.map(([id, at], index) => record(id, at, String(index)))
        const batch = toBatch(things, [page(records.slice(0, cut)), page(records.slice(cut))])
        for (const id of new Set(read.map(([key]) => key))) {
          const mine = read.flatMap(([key, at], index) => (key === id ? [{ at, index }] : []))
          const newest = Math.max(...mine.map(({ at }) => at))
          const newestIndex = mine.filter(({ at }) => at === newest).at(-1)?.index
          const record = batch.records.get(String(id))
          expect(record && rowsOf(record, things).row[2]).toBe(String(newestIndex))
        }
      }),
    )
  })
})

test('I8: records read are records, rejects and repeated', () => {
  const kinds = fc.constantFrom('good', 'no key', 'bad cursor', 'no object')
  const reads = fc.array(fc.tuple(kinds, fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 9 })))
  fc.assert(
    fc.property(fc.array(reads, { minLength: 1, maxLength: 3 }), given => {
      const pages = given.map(read =>
        page(
          read.map(([kind, id, at]) => {
            if (kind === 'no object') return 'text'
            if (kind === 'no key') return { updated_at: second(at) }
            return kind === 'bad cursor' ? { id, updated_at: 'soon' } : record(id, at)
          }),
        ),
      )
      const [first, ...rest] = pages
      if (!first) return
      const batch = toBatch(strict, [first, ...rest])
      expect(batch.read).toBe(given.flat().length)
      expect(batch.records.size + batch.rejects.length + batch.repeated).toBe(batch.read)
      expect(batch.rejects.length).toBe(given.flat().filter(([kind]) => kind !== 'good').length)
    }),
  )
})

test('I8: a rejected version of a record is a reject, and the good version is kept', () => {
  const batch = toBatch(strict, [page([record(1, 1, 'good'), { ...record(1, 2), updated_at: 'soon' }])])
  expect([...batch.records.keys()]).toEqual(['1'])
  expect(batch.rejects).toMatchObject([{ key: '1', path: 'updated_at', reason: '"soon" is not a point in time' }])
  expect(batch).toMatchObject({ read: 2, repeated: 0 })
  expect(batch.reads).toMatchObject([{ lowest: cursor(1), highest: cursor(1) }])
})

describe('order and time range of a page', () => {
  const CASES = [
    ['nothing', [], true, null, null],
    ['one record', [5], true, 5, 5],
    ['rising', [1, 2, 3], true, 1, 3],
    ['equals', [2, 2, 2], true, 2, 2],
    ['falling', [3, 2, 1], false, 1, 3],
    ['one out of order', [1, 3, 2, 4], false, 1, 4],
    ['the last out of order', [1, 2, 0], false, 0, 2],
  ] as const

  test.each(CASES)('%s', (_what, times, inOrder, lowest, highest) => {
    expect(toBatch(things, [page(times.map((n, id) => record(id, n)))]).reads).toMatchObject([
      {
        inOrder,
        lowest: lowest === null ? null : cursor(lowest),
        highest: highest === null ? null : cursor(highest),
      },
    ])
  })

  test('each page has its own order and time range', () => {
    const pages = [page([record(1, 8), record(2, 9)]), page([]), page([record(3, 1), record(4, 2)], 0, true)] as const
    expect(toBatch(things, [...pages]).reads).toMatchObject([
      { resume: 'next', last: false, inOrder: true, lowest: cursor(8), highest: cursor(9) },
      { resume: 'next', last: false, inOrder: true, lowest: null, highest: null },
      { resume: null, restarted: false, last: true, inOrder: true, lowest: cursor(1), highest: cursor(2) },
    ])
  })

  test('an older version that was replaced counts for order and time range', () => {
    const batch = toBatch(things, [page([record(1, 5), record(1, 1)])])
    expect(batch.reads).toMatchObject([{ inOrder: false, lowest: cursor(1), highest: cursor(5) }])
    expect(batch.repeated).toBe(1)
  })

  test('a stream without a cursor has no time range', () => {
    const { reads } = toBatch(snapshots, [page([record(1, 5), record(2, 1)])])
    expect(reads).toMatchObject([{ inOrder: true, lowest: null, highest: null }])
  })
})

test('stats add up over pages', () => {
  const batch = toBatch(things, [
    page([
      { ...record(1, 1), a: 1 },
      { ...record(2, 1, 'x\0'), a: 2 },
    ]),
    page([{ ...record(3, 1), a: 1, b: 1 }]),
  ])
  expect(batch.stats.unknownFields).toEqual(
    new Map([
      ['a', 3],
      ['b', 1],
    ]),
  )
  expect(batch.stats.cleaned).toBe(1)
})

test('a batch was received when the latest of its pages was', () => {
  const batch = toBatch(things, [page([], 1), page([], 3), page([], 2)])
  expect(batch.receivedAt).toBe(cursor(3))
  expect(batch.stream).toBe(things)
})
