import { describe, expect, test } from 'vitest'
import { type App, STREAM_NAMES, STREAMS, select } from '../../src/cli/app.ts'
import { scopesToAdd } from '../../src/cli/missing-scopes.ts'
import type { StreamFlags } from '../../src/cli/stream-patterns.ts'
import { ConfigError } from '../../src/common/errors.ts'
import { readableBy } from '../../src/extract/scopes.ts'

const app = (streams: App['config']['streams'] = 'all') =>
  ({ streams: STREAMS, config: { streams } }) as unknown as Pick<App, 'streams' | 'config'>

function selected({ streams = undefined, ...patterns }: StreamFlags, configured: App['config']['streams'] = 'all') {
  const { streams: found, explicit } = select(app(configured), streams ?? null, patterns)
  return [found.map(({ name }) => name), [...explicit]]
}

function refused(flags: StreamFlags): string {
  try {
    selected(flags)
  } catch (error) {
    if (error instanceof ConfigError) return error.text
    throw error
  }
  return 'nothing'
}

const USUAL = STREAMS.filter(({ optIn }) => !optIn).map(({ name }) => name)

describe('the streams of the command line', () => {
  test.each<[string, StreamFlags, App['config']['streams'], readonly string[], readonly string[]]>([
    ['a pattern', { select: ['order*'] }, 'all', ['orders'], []],
    ['several', { select: ['c*ers', 'plans'] }, 'all', ['customers', 'plans'], ['plans']],
    [
      'a pattern and a name, in place of those of the file',
      { select: ['order*'], streams: ['plans'] },
      ['charges'],
      ['orders', 'plans'],
      ['plans'],
    ],
    ['one character', { select: ['sho?'] }, 'all', ['shop'], []],
    // It is read only when it is named: a pattern does not name it.
    [
      'without what is read only when named',
      { select: ['credit_*'] },
      'all',
      ['credit_accounts', 'credit_adjustments'],
      [],
    ],
    ['but by its name', { select: ['credit_summaries'] }, 'all', ['credit_summaries'], ['credit_summaries']],
    [
      'all but some',
      { exclude: ['async_*', 'events'] },
      'all',
      USUAL.filter(n => !n.startsWith('async_') && n !== 'events'),
      [],
    ],
    ['a file with some excluded', { exclude: ['charges'] }, ['charges', 'orders'], ['orders'], ['orders']],
    ['a pattern with some excluded', { select: ['p*'], exclude: ['*_*'] }, 'all', ['plans', 'products'], []],
  ])('%s', (_what, flags, configured, streams, explicit) => {
    expect(selected(flags, configured)).toEqual([streams, explicit])
  })

  test.each<[StreamFlags, RegExp]>([
    [{ select: ['ordrs*'] }, /--select: no stream matches ordrs\*; did you mean orders\?/],
    [{ select: ['ordrs'] }, /--select: there is no stream ordrs; did you mean orders\?/],
    [{ exclude: ['chrages*'] }, /--exclude: no stream matches chrages\*; did you mean charges\?/],
    [
      { select: ['credit_summ*'] },
      /credit_summ\* matches only what is read when it is named in full: credit_summaries/,
    ],
    [{ select: ['zzz*', '', 'qqq'] }, /zzz\*\n.*empty name.*\n.*there is no stream qqq/],
    [{ exclude: ['*'] }, /--exclude: leaves out every stream that is selected/],
    [{ select: ['!orders'] }, /no stream !orders/],
  ])('%j is refused', (flags, message) => {
    expect(refused(flags)).toMatch(message)
  })
})

describe('the scopes to tick', () => {
  const named = (...names: readonly string[]) => STREAMS.filter(({ name }) => names.includes(name))

  test('of several that are enough, the one that gives the most', () => {
    expect(scopesToAdd(named('charges', 'orders', 'customers', 'addresses'), () => false)).toEqual([
      { scope: 'read_customers', streams: ['addresses', 'customers'], in_part: [] },
      { scope: 'read_orders', streams: ['charges', 'orders'], in_part: [] },
    ])
  })

  test('a stream of several lists is given in part by each scope that it lacks', () => {
    const readable = readableBy({ scopes: ['read_customers', 'store_info'] })
    expect(scopesToAdd(named('metafields'), readable)).toEqual([
      { scope: 'read_orders', streams: [], in_part: ['metafields'] },
      { scope: 'read_subscriptions', streams: [], in_part: ['metafields'] },
    ])
  })

  test('with all of them ticked, the token may read every stream', () => {
    const ticked = scopesToAdd(STREAMS, () => false).map(({ scope }) => scope)
    expect(scopesToAdd(STREAMS, readableBy({ scopes: ticked }))).toEqual([])
    const given = scopesToAdd(STREAMS, () => false).flatMap(({ streams, in_part }) => [...streams, ...in_part])
    expect([...new Set(given)].sort()).toEqual(STREAM_NAMES.filter(name => name !== 'webhooks').sort())
  })
})
