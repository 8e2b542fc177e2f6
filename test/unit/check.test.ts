import { describe, expect, test } from 'vitest'
import { STREAMS } from '../../src/cli/app.ts'
import { check, checkReferences, DeclarationError } from '../../src/schema/check.ts'
import {
  alsoFrom,
  type Columns,
  dayOf,
  instant,
  int,
  json,
  oneOf,
  references,
  referencesBy,
  required,
  text,
} from '../../src/schema/column.ts'
import { stream } from '../../src/schema/define.ts'
import type { Export } from '../../src/schema/export.ts'
import type { Child, Stream } from '../../src/schema/stream.ts'
import { allTables } from '../../src/schema/table.ts'

const EXPORT: Export = {
  columns: { id: ['thing_id', 'id'], updated_at: ['updated_at'], owner_id: ['owner_id'] },
  lowerCase: [],
  elements: { child: 'parts', columns: { name: ['part_name'] } },
}

/** A correct declaration. */
const sound: Stream = stream({
  name: 'things',
  singular: 'thing',
  doc: 'A thing.',
  path: '/things',
  list: 'things',
  sort: 'updated_at-asc',
  scopes: ['read_things'],
  key: 'id',
  sync: { mode: 'incremental', cursor: 'updated_at', since: 'updated_at_min', until: 'updated_at_max', sorted: true },
  columns: {
    id: required(int('Key.')),
    updated_at: instant('Changed.'),
    owner_id: int('Owner.', 'owner.id'),
  },
  children: { parts: { doc: 'A part.', from: 'parts', columns: { name: text('Name.') } } },
})

function problemsOf(change: Partial<Stream>): string {
  try {
    check({ ...sound, ...change })
  } catch (error) {
    if (error instanceof DeclarationError) return error.message
    throw error
  }
  return 'none'
}

const withColumns = (more: Columns): Partial<Stream> => ({ columns: { ...sound.columns, ...more } })
const withChild = (name: string, child: Partial<Child>): Partial<Stream> => ({
  children: { [name]: { doc: 'A part.', from: name, columns: { name: text('Name.') }, ...child } },
})
const exported = (change: Partial<Export>): Partial<Stream> => ({
  export: { columns: EXPORT.columns, lowerCase: [], elements: null, ...change },
})
const LONG = 'a'.repeat(54)
const parent = { stream: 'owners', as: 'owner_id' }

describe('a declaration is accepted with', () => {
  const CASES: readonly (readonly [string, Partial<Stream>])[] = [
    ['a sound stream', {}],
    ['a path that becomes its name', withColumns({ a_b_c: text('A text.', 'a.b.c'), a_b_d: text('A text.', 'a.b.d') })],
    ['names that only begin alike', withColumns({ part: text('A text.'), part_s: text('A text.', 'part_s') })],
    ['the day of an instant beside it', withColumns({ updated_on: dayOf('Day.', 'updated_at') })],
    ['another name of a column', withColumns({ variant_id: alsoFrom(['variant', 'box.variant'], int('Variant.')) })],
    [
      'the day of an instant that has another name',
      withColumns({
        sent_at: alsoFrom(['sent'], instant('Sent.')),
        sent_on: alsoFrom(['sent'], dayOf('Day.', 'sent_at')),
      }),
    ],
    ['a column named like a method', withColumns({ constructor: text('A text.') })],
    ['a list by its last part', withChild('pieces', { from: 'box.pieces' })],
    ['a list by its joined path', withChild('box_pieces', { from: 'box.pieces' })],
    ['a list of plain values', withChild('parts', { element: 'name' })],
    ['an object without declared members', { objects: ['include'] }],
    [
      'references by a column of the same table',
      withChild('parts', {
        columns: { item_id: referencesBy('kind', { book: 'books' }, int('Item.')), kind: text('Kind.') },
      }),
    ],
    ['an export', { export: EXPORT }],
    ['a doc of many lines', { doc: 'A thing.\nOr two.' }],
    ['an unsorted stream without a sort', { sort: null, sync: { mode: 'full' } }],
    ['a parent in the path and in a column', { path: '/owners/{owner_id}/things', parent }],
    ['a parent in a parameter and in a column', { parent: { ...parent, parameter: true } }],
    [
      'a position in the list of the parent',
      {
        path: '/{owner_id}',
        parent: { ...parent, position: 'place' },
        ...withColumns({ place: int('TestDestination.') }),
      },
    ],
  ]

  test.each(CASES)('%s', (_what, change) => {
    expect(problemsOf(change)).toBe('none')
  })
})

describe('a declaration is refused with', () => {
  const CASES: readonly (readonly [string, Partial<Stream>, string])[] = [
    ['a name in capitals', { name: 'Things' }, 'name: is not snake_case'],
    ['a name with a dash', { name: 'my-things' }, 'name: is not snake_case'],
    ['a name that begins with a digit', { name: '2things' }, 'name: is not snake_case'],
    ['no name', { name: '' }, 'name: is not snake_case'],
    ['a singular in capitals', { singular: 'Thing' }, 'singular: is not snake_case'],
    ['no doc', { doc: '' }, 'doc: needs a doc that is a sentence'],
    ['a doc without an end', { doc: 'A thing' }, 'doc: needs a doc that is a sentence'],
    ['a doc that is only an end', { doc: ' .' }, 'doc: needs a doc that is a sentence'],
    ['a column in capitals', withColumns({ Note: text('A note.') }), 'things.Note: is not snake_case'],
    ['a column of more than ASCII', withColumns({ größe: text('A size.') }), 'things.größe: is not snake_case'],
    ['a column without a doc', withColumns({ note: text('') }), 'things.note: needs a doc that is a sentence'],
    ['a path that becomes another name', withColumns({ cid: int('Id.', 'c.id') }), 'things.cid: c.id becomes c_id'],
    ['_synced_at', withColumns({ _synced_at: instant('Mine.') }), 'things._synced_at: taken by a system column'],
    ['_deleted_at', withColumns({ _deleted_at: instant('Mine.') }), 'things._deleted_at: taken by a system column'],
    ['_extra', withColumns({ _extra: json('Mine.') }), 'things._extra: taken by a system column'],
    ['_hash', withColumns({ _hash: int('Mine.') }), 'things._hash: taken by a system column'],
    [
      'two columns that are one in lower case',
      withColumns({ note: text('A note.'), NOTE: text('A note.') }),
      'things.NOTE: clashes with another column after lower-casing and shortening',
    ],
    [
      'two columns that are one in lower case, after shortening',
      withColumns({ [`${LONG}_ffe054fe`]: text('A note.'), ['a'.repeat(64)]: text('A note.') }),
      `things.${'a'.repeat(64)}: clashes with another column after lower-casing and shortening`,
    ],
    [
      'a value twice',
      withColumns({ state: oneOf(['on', 'on'], text('State.')) }),
      'things.state: a value is listed twice',
    ],
    [
      'references by a column of another table',
      withChild('parts', { columns: { item_id: referencesBy('owner_id', { book: 'books' }, int('Item.')) } }),
      'things__parts.item_id: references by owner_id, which is not a column',
    ],
    [
      'plain values for which no column is declared',
      withChild('parts', { element: 'value' }),
      'children.parts: value, the column of an element, is not declared',
    ],
    [
      'plain values in an object of the element',
      withChild('parts', { element: 'a_b', columns: { a_b: text('B.', 'a.b') } }),
      'children.parts: a_b, the column of an element, is in an object',
    ],
    ['an object that is a column', { objects: ['updated_at'] }, 'things: updated_at is read twice'],
    ['an object with a column', { objects: ['owner'] }, 'things: owner.id lies inside owner'],
    ['valid_to', withColumns({ valid_to: instant('Mine.') }), 'things.valid_to: taken by the history table'],
    ['a list called history', withChild('history', {}), 'children.history: taken by the history table'],
    [
      'the day of an instant that no column keeps',
      withColumns({ sent_on: dayOf('Day.', 'sent_at') }),
      'things.sent_on: no column keeps the whole instant sent_at',
    ],
    [
      'the day of what is no instant',
      withColumns({ owner_on: dayOf('Day.', 'owner.id') }),
      'things.owner_on: no column keeps the whole instant owner.id',
    ],
    [
      'an export of a missing column',
      exported({ columns: { ...EXPORT.columns, price: ['price'] } }),
      'export.price: is not a column',
    ],
    [
      'an export without what every record needs',
      exported({ columns: { id: ['id'] } }),
      'export: updated_at is required',
    ],
    [
      'a header in capitals',
      exported({ columns: { ...EXPORT.columns, id: ['Thing ID'] } }),
      'export.id: write Thing ID as thing_id',
    ],
    [
      'a header for a record and for its list',
      exported({ elements: { child: 'parts', columns: { name: ['owner_id'] } } }),
      'export: owner_id is a column of the stream and of its list',
    ],
    [
      'an export of a list that is none',
      exported({ elements: { child: 'pieces', columns: {} } }),
      'export: pieces is not a list of the stream',
    ],
    [
      'an export of a missing column of the list',
      exported({ elements: { child: 'parts', columns: { size: ['size'] } } }),
      'export.parts.size: is not a column',
    ],
    [
      'an export in lower case of a column that is not text',
      exported({ lowerCase: ['owner_id'] }),
      'export.lowerCase: owner_id is not a text column of the export',
    ],
    [
      'an export of a part of another column',
      {
        ...withColumns({ updated_on: dayOf('Day.', 'updated_at') }),
        ...exported({ columns: { ...EXPORT.columns, updated_on: ['day'] } }),
      },
      'export.updated_on: is derived from another column',
    ],
    [
      'an export of a stream with two key columns',
      { key: ['id', 'owner_id'], children: {}, ...exported({}) },
      'export: only a stream with one key column can be imported',
    ],
    [
      'another name that a column has',
      withColumns({ note: text('A note.'), remark: alsoFrom(['note'], text('A remark.')) }),
      'things: note is read twice',
    ],
    [
      'another name twice',
      withColumns({ note: alsoFrom(['remark', 'remark'], text('A note.')) }),
      'things: remark is read twice',
    ],
    ['another name that is a list', withColumns({ note: alsoFrom(['parts'], text('A note.')) }), 'parts is read twice'],
    [
      'another name inside of a column',
      withColumns({ note: json('A note.'), remark: alsoFrom(['note.text'], text('A remark.')) }),
      'things: note.text lies inside note',
    ],
    [
      'another name around a column',
      withColumns({ note: alsoFrom(['owner'], text('A note.')) }),
      'things: owner.id lies inside owner',
    ],
    [
      'another name in an element that a column of it has',
      withChild('parts', { columns: { name: text('Name.'), title: alsoFrom(['name'], text('Title.')) } }),
      'things__parts: name is read twice',
    ],
    [
      'another name that is no path',
      withColumns({ note: alsoFrom(['remarks[].text'], text('A note.')) }),
      'things.note: remarks[].text: is not a dotted path',
    ],
    [
      'another name of the key',
      withColumns({ id: alsoFrom(['number'], required(int('Key.'))) }),
      'id: a key or a cursor has one name, because the scan reads it from the record',
    ],
    [
      'another name of the cursor',
      withColumns({ updated_at: alsoFrom(['changed_at'], instant('Changed.')) }),
      'updated_at: a key or a cursor has one name, because the scan reads it from the record',
    ],
    [
      'the day of an instant that lacks a name of it',
      withColumns({ sent_at: alsoFrom(['sent'], instant('Sent.')), sent_on: dayOf('Day.', 'sent_at') }),
      'things.sent_on: needs the other names of the column that keeps the whole instant',
    ],
    ['an object and a part of it', withColumns({ owner: json('The owner.') }), 'things: owner.id lies inside owner'],
    [
      'an object and a part of a part of it',
      withColumns({ a: json('An object.'), a_b_c: text('A text.', 'a.b.c') }),
      'things: a.b.c lies inside a',
    ],
    ['a list as rows and as a column', withColumns({ parts: json('The parts.') }), 'things: parts is read twice'],
    [
      'one list as two tables',
      {
        children: {
          pieces: { doc: 'A piece.', from: 'box.pieces', columns: {} },
          box_pieces: { doc: 'A piece.', from: 'box.pieces', columns: {} },
        },
      },
      'things: box.pieces is read twice',
    ],
    [
      'a list and a part of it',
      withColumns({ parts_name: text('A name.', 'parts.name') }),
      'things: parts.name lies inside parts',
    ],
    ['a list in capitals', withChild('Parts', {}), 'children.Parts: is not snake_case'],
    ['a list without a doc', withChild('parts', { doc: 'Parts' }), 'children.parts: needs a doc that is a sentence'],
    [
      'a list by a name of its own',
      withChild('bits', { from: 'box.pieces' }),
      'children.bits: the name must be the last part of box.pieces or its joined path',
    ],
    [
      'a list of two owners',
      { key: ['id', 'owner_id'] },
      'children.parts: only a stream with one key column may have child rows',
    ],
    [
      'a list with a column for its owner',
      withChild('parts', { columns: { thing_id: int('Owner.') } }),
      'children.parts.thing_id: taken by the key of the child table',
    ],
    [
      'a list with a column for its position',
      withChild('parts', { columns: { index: int('TestDestination.') } }),
      'children.parts.index: taken by the key of the child table',
    ],
    [
      'a column of a list in capitals',
      withChild('parts', { columns: { Name: text('Name.') } }),
      'things__parts.Name: is not snake_case',
    ],
    [
      'a column of a list taken by a system column',
      withChild('parts', { columns: { _extra: json('Mine.') } }),
      'things__parts._extra: taken by a system column',
    ],
    [
      'an object in a list and a part of it',
      withChild('parts', { columns: { a: json('An object.'), a_b: text('A text.', 'a.b') } }),
      'things__parts: a.b lies inside a',
    ],
    [
      'a column without which a record would be lost',
      withColumns({ note: required(text('A note.')) }),
      'things.note: only a key may be required',
    ],
    [
      'one in a list',
      withChild('parts', { columns: { name: required(text('Name.')) } }),
      'things__parts.name: only a key may be required',
    ],
    [
      'a cursor without which a record is rejected',
      withColumns({ updated_at: required(instant('Changed.')) }),
      'sync: the cursor updated_at must not be required: a record without it is loaded',
    ],
    ['a sorted stream without a sort', { sort: null }, 'sort: a sorted stream asks for updated_at-asc'],
    ['a sorted stream the other way', { sort: 'updated_at-desc' }, 'sort: a sorted stream asks for updated_at-asc'],
    ['a parent that is not in the path', { parent }, 'path: lacks {owner_id} of its parent'],
    [
      'a parent both in the path and in a parameter',
      { path: '/owners/{owner_id}/things', parent: { ...parent, parameter: true } },
      'path: has {owner_id}, which is sent as a parameter',
    ],
    [
      'a parent without a column',
      { path: '/{boss_id}', parent: { stream: 'owners', as: 'boss_id' } },
      'parent: boss_id is not a column',
    ],
    [
      'a parent named like a method',
      { path: '/{constructor}', parent: { stream: 'owners', as: 'constructor' } },
      'parent: constructor is not a column',
    ],
    [
      'a position without a column',
      { path: '/{owner_id}', parent: { ...parent, position: 'place' } },
      'parent: place is not a column',
    ],
  ]

  test.each(CASES)('%s', (_what, change, problem) => {
    expect(problemsOf(change)).toContain(problem)
  })
})

describe('I12: a declaration must not conclude deletions from absence for records with a retention or without a list', () => {
  const status = { ...withColumns({ status: text('Status.') }).columns, ...sound.columns }
  const queued = { absence: { column: 'status', value: 'queued' } } as const
  const full = { sync: { mode: 'full' }, sort: null } as const
  const days = { days: 90, by: 'updated_at' }
  const CASES: readonly (readonly [string, Partial<Stream>, string])[] = [
    ['a full scan', { ...full, deletions: { absence: 'scan' } }, 'none'],
    ['a kind', { columns: status, deletions: queued }, 'none'],
    [
      'a kind without a retention',
      { columns: status, deletions: queued, retention: { ...days, when: { status: ['success'] } } },
      'none',
    ],
    ['a scan of what changed', { deletions: { absence: 'scan' } }, 'deletions: absence: scan needs a full scan'],
    [
      'a full scan of records with a retention',
      { ...full, retention: days, deletions: { absence: 'scan' } },
      'deletions: a stream with a retention cannot conclude deletions from absence',
    ],
    ['a kind of a stream with a full scan', { ...full, columns: status, deletions: queued }, 'needs no list snapshot'],
    ['a kind by a missing column', { deletions: queued }, 'deletions: status is not a column'],
    [
      'a kind with a retention',
      { columns: status, deletions: queued, retention: { ...days, when: { status: ['success', 'queued'] } } },
      'deletions: records whose status is queued have a retention',
    ],
    [
      'any kind of a stream whose records all have a retention',
      { columns: status, deletions: queued, retention: days },
      'deletions: records whose status is queued have a retention',
    ],
    [
      'an exception by a column that is none',
      { ...full, deletions: { absence: 'scan', except: { column: 'owner', value: 'charge' } } },
      'deletions: owner is not a column',
    ],
    [
      'a record that says when it was deleted in what is no instant',
      { deletions: { stated: 'owner_id' } },
      'deletions: owner_id is not a column with an instant',
    ],
    [
      'telling by columns that are none',
      { deletionEvents: { type: 'id', key: 'id', verb: 'verb', gone: 'deleted', at: 'updated_at' } },
      'deletionEvents: verb is not a column',
    ],
    [
      'telling under two keys',
      {
        key: ['id', 'owner_id'],
        children: {},
        deletionEvents: { type: 'id', key: 'id', verb: 'id', gone: 'x', at: 'id' },
      },
      'deletionEvents: only a stream with one key column may report deletions',
    ],
  ]

  test.each(CASES)('%s', (_what, change, problem) => {
    expect(problemsOf(change)).toContain(problem)
  })
})

describe('what a column references', () => {
  const other = (key: readonly string[]): Stream => ({ ...sound, name: 'owners', key })
  const referring = (change: Partial<Stream>): Stream => ({ ...sound, ...change })
  const owner = referring(withColumns({ boss_id: references('owners', int('Boss.')) }))
  const part = referring(withChild('parts', { columns: { maker_id: references('makers', int('Maker.')) } }))

  test('is a stream whose key is its id', () => {
    expect(() => checkReferences([owner, other(['id'])])).not.toThrow()
    expect(() => checkReferences([owner, other(['id', 'owner_id'])])).toThrow(
      'schemas/things.ts: things.boss_id: references owners, which is no stream with the key id',
    )
  })

  test('is declared, also from a list', () => {
    expect(() => checkReferences([part, owner])).toThrow(
      'things__parts.maker_id: references makers, which is no stream',
    )
  })

  test('is declared for every stream of ours', () => {
    expect(() => checkReferences(STREAMS)).not.toThrow()
    expect(
      STREAMS.flatMap(allTables).flatMap(({ columns }) => columns.filter(c => c.references)).length,
    ).toBeGreaterThan(60)
  })
})

test('every problem is reported at once, with the file', () => {
  const message = problemsOf({
    name: 'Things',
    doc: '',
    sort: null,
    parent: { stream: 'owners', as: 'boss_id' },
    ...withColumns({ Note: text(''), _hash: int('Mine.') }),
    ...withChild('Parts', { columns: { index: int('TestDestination.') } }),
  })
  expect(message.split('; ')).toEqual([
    'schemas/Things.ts: name: is not snake_case',
    'doc: needs a doc that is a sentence',
    'Things.Note: is not snake_case',
    'Things.Note: needs a doc that is a sentence',
    'Things._hash: is not snake_case',
    'Things._hash: taken by a system column',
    'children.Parts: is not snake_case',
    'children.Parts.index: taken by the key of the child table',
    'sort: a sorted stream asks for updated_at-asc',
    'path: lacks {boss_id} of its parent',
    'parent: boss_id is not a column',
  ])
})
