import { describe, expect, test } from 'vitest'
import { STREAMS } from '../../src/cli/app.ts'
import { accessOf, isTried, writeScopes } from '../../src/extract/scopes.ts'
import { mayGrant, unknownScopes } from '../../src/extract/unknown-scopes.ts'
import { int, required } from '../../src/schema/column.ts'
import { stream } from '../../src/schema/define.ts'
import { scopesOf } from '../../src/schema/docs.ts'
import type { Scopes } from '../../src/schema/stream.ts'

const about = {
  name: 'things',
  singular: 'thing',
  doc: 'A thing.',
  path: '/things',
  list: 'things',
  key: 'id',
  sync: { mode: 'full' },
  columns: { id: required(int('Key.')) },
} as const
const needing = (...scopes: string[]) => stream({ ...about, scopes })
const each = (values: Record<string, Scopes>) => stream({ ...about, scopes: [], each: { parameter: 'owner', values } })
const token = (scopes: readonly string[] | null) => ({ scopes, unknownScopes: [] })

const OWNERS = each({
  customer: ['read_customers'],
  order: ['read_orders', 'read_charges'],
  store: [],
  shop: ['read_orders', 'read_charges'],
})

describe('what a token may read', () => {
  const CASES = [
    ['a scope that the token has', needing('a'), ['a'], true, []],
    ['a scope that it lacks', needing('a'), ['b'], false, ['a']],
    ['a token without scopes', needing('a'), [], false, ['a']],
    ['one of two is enough', needing('a', 'b'), ['b'], true, []],
    ['neither of two', needing('a', 'b'), ['c'], false, ['a or b']],
    ['a scope that begins alike', needing('read_orders'), ['read_orders_all'], false, ['read_orders']],
    ['a stream that needs no scope', needing(), [], true, []],
    ['a token whose scopes are not known', needing('a'), null, true, []],
    ['all owners', OWNERS, ['read_customers', 'read_charges'], true, []],
    [
      'some owners: granted, and the missing scopes are listed',
      OWNERS,
      ['read_customers'],
      true,
      ['read_orders or read_charges'],
    ],
    ['only the owner that needs none', OWNERS, [], true, ['read_customers', 'read_orders or read_charges']],
    ['no owner', each({ customer: ['a'], order: ['b'] }), ['c'], false, ['a', 'b']],
    ['all owners, for a token whose scopes are not known', OWNERS, null, true, []],
  ] as const

  test.each(CASES)('%s', (_what, declared, held, granted, missing) => {
    expect(accessOf(declared, token(held))).toEqual({ granted, missing, perhaps: [] })
  })
})

test.each([
  ['one', needing('a'), ['a']],
  ['one of two', needing('a', 'b'), ['a or b']],
  ['none', needing(), []],
  ['by owner, each once', OWNERS, ['read_customers', 'read_orders or read_charges']],
])('scopes as the documentation shows them: %s', (_what, declared, expected) => {
  expect(scopesOf(declared)).toEqual(expected)
})

const withUnknown = (...scopes: string[]) => ({ scopes, unknownScopes: unknownScopes(scopes, STREAMS) })
const declaredStream = (name: string) => {
  const found = STREAMS.find(one => one.name === name)
  if (!found) throw new Error(`no stream ${name}`)
  return found
}
/** The streams that a token with these scopes alone is tried for, besides those that need none. */
const triedWith = (...scopes: string[]): string[] =>
  STREAMS.filter(one => one.name !== 'webhooks' && isTried(accessOf(one, withUnknown(...scopes)))).map(
    ({ name }) => name,
  )

describe('names of scopes', () => {
  test.each([
    ['read_addresses', ['addresses', 'metafields']],
    ['read_onetimes', ['onetimes']],
    ['read_plans', ['plans']],
    ['read_charges', ['charges', 'metafields']],
    ['read_bundle_products', ['bundle_products', 'bundle_selection_preset_schedules']],
    ['read_credit_summary', ['credit_summaries']],
  ])('%s grants %j', (scope, granted) => {
    expect(triedWith(scope)).toEqual(granted)
    expect(unknownScopes([scope], STREAMS)).toEqual([])
  })

  test('those that no stream declares are unknown, but for writing scopes and known ones of what is no stream', () => {
    const known = ['read_orders', 'read_store', 'store_info', 'read_checkouts', 'read_payments', 'read_notifications']
    expect(unknownScopes([...known, 'write_bundles', 'bundles', 'read_bundles', 'read_'], STREAMS)).toEqual([
      'read_bundles',
      'read_',
    ])
  })

  test.each([
    ['read_bundles', ['bundle_products', 'bundle_selection_preset_schedules', 'bundle_selections']],
    ['read_bundles_v2', ['bundle_products', 'bundle_selection_preset_schedules', 'bundle_selections']],
    ['read_bundle_selections', ['bundle_selection_preset_schedules', 'bundle_selections']],
    ['read_gift_purchases_v2', ['gift_purchases']],
    ['read_gift_purchase', ['gift_purchases']],
    ['read_retention_strategies', ['retention_strategies']],
    ['read_credits', ['credit_accounts', 'credit_adjustments', 'credit_summaries']],
    ['read_subscription_notes', ['subscriptions']],
    ['read_async_batches', ['async_batch_tasks', 'async_batches']],
    ['read_metafields', ['metafields']],
    ['read_memberships', []],
    ['read_v2', []],
    ['read_', []],
    ['read_payments', []],
    ['write_bundles', []],
  ])('%s, which is not known, may mean %j', (scope, tried) => {
    expect(triedWith(scope)).toEqual(tried)
  })

  test('an unknown scope is of no interest where the token has the known one', () => {
    const token = withUnknown('read_subscriptions', 'read_bundles')
    expect(accessOf(declaredStream('bundle_selections'), token)).toEqual({ granted: true, missing: [], perhaps: [] })
    expect(accessOf(declaredStream('bundle_products'), token)).toEqual({
      granted: false,
      missing: ['read_bundle_products'],
      perhaps: ['read_bundles'],
    })
  })

  test('a stream whose lists have scopes of their own may be granted by a scope with its name', () => {
    const access = accessOf(declaredStream('metafields'), withUnknown('read_customers', 'read_metafields'))
    expect(access).toMatchObject({ granted: true, perhaps: ['read_metafields'] })
    expect(access.missing).not.toEqual([])
  })

  test.each(STREAMS.map(one => [one.name, one] as const))('the name of %s is a scope that may mean it', (name, one) => {
    expect(mayGrant(`read_${name}`, one)).toBe(true)
    expect(mayGrant(`read_${one.singular}`, one)).toBe(true)
  })
})

test.each([
  [null, []],
  [[], []],
  [
    ['read_orders', 'write_orders', 'overwrite_all', 'write_customers'],
    ['write_orders', 'write_customers'],
  ],
])('of the scopes %j, those that change the store are %j', (scopes, expected) => {
  expect(writeScopes(token(scopes))).toEqual(expected)
})
