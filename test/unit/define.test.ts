import { describe, expect, test } from 'vitest'
import { streams } from '../../schemas/index.ts'
import { DeclarationError } from '../../src/schema/check.ts'
import {
  alsoFrom,
  contact,
  flag,
  instant,
  int,
  json,
  mentions,
  money,
  notPersonal,
  oneOf,
  personal,
  references,
  referencesBy,
  required,
  sensitive,
  text,
} from '../../src/schema/column.ts'
import { child, stream } from '../../src/schema/define.ts'

const given = {
  name: 'things',
  singular: 'thing',
  doc: 'A thing.',
  path: '/things',
  list: 'things',
  scopes: ['read_things'],
  key: 'id',
  sync: { mode: 'full' },
  columns: { id: required(int('Key.')), changed: instant('Changed.'), owner_id: text('Owner.', 'owner.id') },
} as const

test('a member that is left out has its default', () => {
  expect(stream(given)).toEqual({
    ...given,
    key: ['id'],
    version: '2021-11',
    pagination: 'pages',
    parameters: {},
    tried: {},
    sort: null,
    plan: null,
    optional: false,
    optIn: false,
    retention: null,
    deletions: {},
    deletionEvents: null,
    each: null,
    parent: null,
    count: null,
    salt: null,
    erasure: null,
    onMismatch: 'null',
    drift: 'capture',
    sensitive: 'hash',
    declared: null,
    created: false,
    retrieve: true,
    export: null,
    children: {},
    objects: [],
  })
})

test('a member that is set is kept', () => {
  const said = {
    version: '2021-01',
    pagination: 'whole',
    parameters: { include: 'x' },
    sort: 'id-asc',
    plan: 'Pro',
    optional: true,
    optIn: true,
    retention: { days: 7, by: 'changed' },
    each: { parameter: 'owner', values: { customer: ['read_customers'] } },
    count: { path: '/things/count', ranges: true },
  } as const
  expect(stream({ ...given, ...said })).toMatchObject(said)
})

test('a record without an id, or of a list without pages, is not read by id unless the declaration says so', () => {
  const columns = { b: required(text('Second.')), a: required(int('First.')) }
  expect(stream({ ...given, columns, key: ['a', 'b'] }).retrieve).toBe(false)
  expect(stream({ ...given, pagination: 'single' }).retrieve).toBe(false)
  expect(stream({ ...given, path: '/of/{id}/things', parent: { stream: 'owners', as: 'id' } }).retrieve).toBe(false)
  expect(stream({ ...given, retrieve: false }).retrieve).toBe(false)
  // An event has no request by id.
  expect(streams.filter(({ retrieve }) => !retrieve).map(({ name }) => name)).toEqual([
    'async_batch_tasks',
    'bundle_products',
    'bundle_selection_preset_schedules',
    'credit_summaries',
    'events',
    'payment_sources',
    'shipping_countries',
    'shop',
    'store',
  ])
})

test('a key of two columns keeps their order', () => {
  const columns = { b: required(text('Second.')), a: required(int('First.')) }
  expect(stream({ ...given, columns, key: ['a', 'b'] }).key).toEqual(['a', 'b'])
})

test('a wrong declaration throws', () => {
  expect(() => stream({ ...given, name: 'Things', doc: 'A thing' })).toThrow(DeclarationError)
  expect(() => stream({ ...given, name: 'Things', doc: 'A thing' })).toThrow(
    'schemas/Things.ts: name: is not snake_case; doc: needs a doc that is a sentence',
  )
})

describe('declarations are frozen', () => {
  const open = (value: unknown, path: string): string[] =>
    typeof value !== 'object' || value === null
      ? []
      : [
          ...(Object.isFrozen(value) ? [] : [path]),
          ...Object.entries(value).flatMap(([name, member]) => open(member, `${path}.${name}`)),
        ]

  test('a declaration of this test', () => {
    const declared = stream({
      ...given,
      parameters: { include: 'x' },
      retention: { days: 1, by: 'changed', when: { status: ['success'] } },
      children: { parts: child({ doc: 'A part.', from: 'parts', columns: { name: text('Name.') } }) },
    })
    expect(open(declared, declared.name)).toEqual([])
    expect(() => Object.assign(declared.columns.id, { kind: 'text' })).toThrow(TypeError)
    expect(() => Object.assign(declared.children.parts.columns, { more: text('More.') })).toThrow(TypeError)
  })

  test.each(streams.map(declared => [declared.name, declared] as const))('%s', (name, declared) => {
    expect(open(declared, name)).toEqual([])
  })
})

describe('a column', () => {
  test('is neither required nor sensitive by default, and required() and sensitive() return a copy', () => {
    const plain = text('A text.', 'a.b')
    expect(plain).toEqual({
      kind: 'text',
      doc: 'A text.',
      from: 'a.b',
      also: [],
      any: false,
      values: [],
      references: [],
      required: false,
      sensitive: false,
      personal: true,
      policy: 'keep',
      zone: 'America/New_York',
      derived: false,
    })
    expect(required(plain)).toEqual({ ...plain, required: true })
    expect(sensitive(plain)).toEqual({ ...plain, sensitive: true, policy: 'hash' })
    expect(plain).toMatchObject({ required: false, sensitive: false })
  })

  test('has one name by default, and alsoFrom() returns a copy with others', () => {
    const plain = sensitive(text('A text.', 'a.b'))
    expect(alsoFrom(['b', 'c.d'], plain)).toEqual({ ...plain, also: ['b', 'c.d'] })
    expect(plain.also).toEqual([])
  })

  test('lists no values and joins to nothing by default, and oneOf() and references() return a copy', () => {
    const state = text('State.')
    expect(oneOf(['open', 'closed'], state)).toEqual({
      ...state,
      values: ['open', 'closed'],
      personal: false,
    })
    const owner = int('Owner.')
    expect(references('owners', owner)).toEqual({ ...owner, references: [{ stream: 'owners', when: null }] })
    expect(references(['cats', 'dogs'], owner).references).toEqual([
      { stream: 'cats', when: null },
      { stream: 'dogs', when: null },
    ])
    expect(referencesBy('kind', { cat: 'cats', dog: 'dogs' }, owner).references).toEqual([
      { stream: 'cats', when: { column: 'kind', value: 'cat' } },
      { stream: 'dogs', when: { column: 'kind', value: 'dog' } },
    ])
    expect([state.values, owner.references]).toEqual([[], []])
  })

  test('of text and JSON is personal by default, and notPersonal(), personal(), contact() and mentions() return a copy', () => {
    const all = [int('A.'), money('B.'), instant('C.'), flag('D.'), text('E.'), json('F.')]
    expect(all.map(({ personal: is }) => is)).toEqual([false, false, false, false, true, true])
    expect(notPersonal(text('Title.'))).toEqual({ ...text('Title.'), personal: false })
    expect(personal(int('Month.'))).toEqual({ ...int('Month.'), personal: true })
    expect(contact(text('Email.'))).toEqual({ ...text('Email.'), contact: true })
    expect(mentions(json('Body.'))).toEqual({ ...json('Body.'), mentions: true })
  })

  test('of kind instant may be in UTC', () => {
    expect(instant('Changed.', undefined, 'UTC')).toMatchObject({ zone: 'UTC', from: null })
  })
})
