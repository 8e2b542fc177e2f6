import { expect, test } from 'vitest'
import { behind } from '../../src/cli/notify/behind.ts'
import { type Condition, type Ended, evidenceOf, nameOf, openAfter } from '../../src/cli/notify/condition.ts'
import type { Instant, RunId } from '../../src/common/model.ts'
import type { Outcome } from '../../src/common/run-report.ts'

const AT = '2026-01-31T12:00:00.000000Z' as Instant
const RUN = '01J00000000000000000000000' as RunId
const SELECTED = new Set(['a', 'b'])
const problem = (code: string) => ({ code, message: `message of ${code}`, next: `next of ${code}` })
const part = (stream: string, outcome: Outcome, code: string | null = null, settled?: boolean) => ({
  stream,
  outcome,
  problem: code === null ? null : problem(code),
  ...(settled === undefined ? {} : { settled }),
})
const ended = (code: string | null, ...streams: Ended['streams']): Ended => ({
  run: RUN,
  finished_at: AT,
  outcome: code === null && streams.every(({ outcome }) => outcome === 'complete') ? 'complete' : 'failed',
  problem: code === null ? null : problem(code),
  streams,
})
const open = (...names: readonly string[]): Condition[] =>
  names.map(name => {
    const [about = '', stream = '', code = ''] = name.split(' ')
    const before = '2026-01-30T12:00:00.000000Z' as Instant
    return {
      about: about as Condition['about'],
      stream: stream === '*' ? null : stream,
      since: before,
      run: null,
      ...problem(code),
    }
  })
const after = (before: readonly Condition[], run: Ended, about: 'sync' | 'reconcile' = 'sync') =>
  openAfter(before, evidenceOf(run, about, SELECTED)).map(nameOf)

test.each([
  [
    'what ends a run is one thing, whatever streams it takes along',
    open(),
    ended('full', part('a', 'failed', 'full'), part('b', 'failed', 'timeout')),
    ['sync * full', 'sync b timeout'],
  ],
  [
    'a stream that is whole again',
    open('sync a timeout', 'sync b timeout'),
    ended(null, part('a', 'complete')),
    ['sync b timeout'],
  ],
  [
    'another cause takes the place',
    open('sync a timeout'),
    ended(null, part('a', 'failed', 'forbidden')),
    ['sync a forbidden'],
  ],
  ['a run that got past it', open('sync * unauthorised'), ended(null, part('a', 'complete')), []],
  [
    'a run that could not show it',
    open('sync a timeout'),
    ended('unauthorised'),
    ['sync * unauthorised', 'sync a timeout'],
  ],
  ['another run was at work', open('sync a timeout', 'sync * full'), ended('held'), ['sync a timeout', 'sync * full']],
  [
    'a stream that is not selected any more',
    open('sync z timeout', 'behind z behind'),
    ended(null, part('a', 'complete')),
    [],
  ],
  [
    'a named stream that was skipped',
    open(),
    ended(null, part('a', 'skipped', 'missing_scope')),
    ['sync a missing_scope'],
  ],
  [
    'a sync shows nothing of a comparison, nor of an age',
    open('reconcile a differs', 'behind a behind'),
    ended(null, part('a', 'complete')),
    ['reconcile a differs', 'behind a behind'],
  ],
] as const)('%s', (_what, before, run, expected) => {
  expect(after(before, run)).toEqual(expected)
})

test('a comparison that differs, and one that agrees', () => {
  const differs = ended(null, part('a', 'complete', null, false), part('b', 'complete', null, true))
  expect(after(open('sync b timeout', 'reconcile b differs'), differs, 'reconcile')).toEqual([
    'reconcile a differs',
    'sync b timeout',
  ])
  const agrees = ended(null, part('a', 'complete', null, true))
  expect(after(open('reconcile a differs'), agrees, 'reconcile')).toEqual([])
})

test('what was wrong before keeps its time, and its newest message', () => {
  const [kept] = openAfter(
    open('sync a timeout'),
    evidenceOf(ended(null, part('a', 'failed', 'timeout')), 'sync', SELECTED),
  )
  expect([kept?.since, kept?.run]).toEqual(['2026-01-30T12:00:00.000000Z', null])
})

test('a stream is behind when it is older than it may be, and one that was never complete is not', () => {
  const hour = 3_600_000
  const ages = [
    { stream: 'a', complete_to: '2026-01-31T10:59:59.000000Z' as Instant, acceptedMs: hour },
    { stream: 'b', complete_to: '2026-01-31T11:00:00.000000Z' as Instant, acceptedMs: hour },
    { stream: 'c', complete_to: null, acceptedMs: hour },
  ]
  const found = openAfter(open('behind b behind', 'sync c timeout'), behind(ages, AT, RUN))
  expect(found.map(nameOf)).toEqual(['behind a behind', 'sync c timeout'])
  expect(found[0]?.message).toBe('complete to 2026-01-31T10:59:59Z only, which is longer ago than 1h')
})
