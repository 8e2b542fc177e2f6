import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { exitCode, keepReport, reportText, streamLine } from '../../src/cli/report.ts'
import { BEGINNING } from '../../src/common/complete-from.ts'
import type { Problem } from '../../src/common/errors.ts'
import { fromMillis } from '../../src/common/instant.ts'
import type { RunId } from '../../src/common/model.ts'
import type { Outcome, RunReport, StreamReport } from '../../src/common/run-report.ts'
import { outcomeOf } from '../../src/pipeline/outcome.ts'
import { withFolder } from '../support/destinations.ts'

const AT = fromMillis(Date.UTC(2025, 0, 15, 10))

const problem = (code: string): Problem => ({ code, message: `${code} happened`, next: `Do about ${code}.` })

const stream = (name: string, outcome: Outcome, more: Partial<StreamReport> = {}): StreamReport => ({
  stream: name,
  outcome,
  requests: 7,
  records: 60,
  added: 10,
  changed: 20,
  unchanged: 30,
  older: 0,
  deleted: 0,
  rejected: 0,
  from: null,
  complete_from: BEGINNING,
  complete_to: AT,
  not_due_until: null,
  undeclared: {},
  mismatched: {},
  cleaned: 0,
  gaps: [],
  seconds: 1.25,
  problem: null,
  ...more,
})

const run = (
  streams: readonly StreamReport[],
  more: Partial<RunReport> = {},
  explicit: readonly string[] = [],
): RunReport => ({
  run: '01RUN' as RunId,
  started_at: AT,
  finished_at: AT,
  outcome: outcomeOf(streams, new Set(explicit)),
  version: '0.0.0',
  requests: 42,
  retries: 1,
  throttled: 0,
  views: null,
  waited_ms: 0,
  streams,
  problem: null,
  ...more,
})

describe('the outcome of a run', () => {
  const CASES: readonly (readonly [readonly Outcome[], Outcome])[] = [
    [[], 'complete'],
    [['complete'], 'complete'],
    [['skipped'], 'complete'],
    [['complete', 'skipped'], 'complete'],
    [['failed'], 'failed'],
    [['complete', 'failed', 'skipped'], 'failed'],
    [['interrupted'], 'interrupted'],
    [['complete', 'interrupted'], 'interrupted'],
    [['failed', 'interrupted', 'complete'], 'interrupted'],
  ]

  test.each(CASES)('%j is %s', (outcomes, expected) => {
    expect(
      outcomeOf(
        outcomes.map((outcome, at) => stream(`s${at}`, outcome)),
        new Set(),
      ),
    ).toBe(expected)
  })

  test('K8/44: a stream that was selected by name and skipped has the run fail', () => {
    const streams = [stream('a', 'complete'), stream('b', 'skipped')]
    expect(outcomeOf(streams, new Set(['a', 'b']))).toBe('failed')
  })
})

describe('the exit code', () => {
  const complete = stream('a', 'complete')
  const skipped = stream('b', 'skipped', { problem: problem('forbidden') })
  const failed = stream('c', 'failed', { problem: problem('refused') })
  const moved = stream('d', 'failed', { problem: problem('moved') })
  const interrupted = stream('e', 'interrupted')

  const CASES: readonly (readonly [string, readonly StreamReport[], Partial<RunReport>, readonly string[], number])[] =
    [
      ['all complete', [complete], {}, [], 0],
      ['nothing selected', [], {}, [], 0],
      ['complete with a warning', [stream('a', 'complete', { problem: problem('gap') })], {}, ['a'], 0],
      ['one skipped', [complete, skipped], {}, [], 0],
      ['one skipped, another selected by name', [complete, skipped], {}, ['a'], 0],
      ['one skipped that was selected by name', [complete, skipped], {}, ['b'], 1],
      ['only one, selected by name and skipped', [skipped], {}, ['b'], 1],
      ['one failed', [complete, failed], {}, [], 1],
      ['all failed', [failed], {}, ['c'], 1],
      ['one failed and one skipped', [skipped, failed], {}, [], 1],
      ['one failed without a reason', [stream('c', 'failed')], {}, [], 1],
      ['the token refused', [], { problem: problem('unauthorised') }, [], 3],
      ['the destination unreachable', [], { problem: problem('unreachable') }, [], 3],
      ['stopped after one stream', [complete, failed], { problem: problem('full') }, [], 1],
      ['another run holds the destination', [], { problem: problem('held') }, [], 4],
      ['another run moved the only stream', [moved], {}, [], 4],
      ['another run moved every failed stream', [complete, moved], {}, [], 4],
      ['every stream refused', [{ ...skipped, records: 0 }], { problem: problem('all_refused') }, [], 3],
      ['a bug in one stream', [complete, stream('f', 'failed', { problem: problem('bug') })], {}, [], 70],
      ['a bug outside of the streams', [], { problem: problem('bug') }, [], 70],
      ['one moved, one failed', [moved, failed], {}, [], 1],
      ['interrupted', [complete, interrupted], {}, [], 130],
      ['interrupted after a failure', [failed, interrupted], {}, [], 130],
      ['interrupted before the first stream', [], { problem: problem('interrupted') }, [], 130],
      ['interrupted between two streams', [complete], { outcome: 'interrupted' }, [], 130],
    ]

  test.each(CASES)('%s', (_what, streams, more, explicit, code) => {
    expect(exitCode(run(streams, more, explicit))).toBe(code)
  })
})

describe('the line of a stream', () => {
  const CASES: readonly (readonly [string, StreamReport, string])[] = [
    ['complete', stream('charges', 'complete'), 'charges: complete 10 added, 20 changed, 30 unchanged in 1.3 s'],
    [
      'with rejects and a warning',
      stream('charges', 'complete', { rejected: 2, problem: problem('rejects') }),
      'charges: complete 10 added, 20 changed, 30 unchanged, 2 rejected in 1.3 s (rejects happened)',
    ],
    [
      'with records older than their rows',
      stream('charges', 'complete', { older: 2 }),
      'charges: complete 10 added, 20 changed, 30 unchanged, 2 older in 1.3 s',
    ],
    [
      'with rows marked as deleted',
      stream('charges', 'complete', { deleted: 3 }),
      'charges: complete 10 added, 20 changed, 30 unchanged, 3 deleted in 1.3 s',
    ],
    [
      'failed: committed records are counted',
      stream('charges', 'failed', { seconds: 0, problem: problem('refused') }),
      'charges: failed 10 added, 20 changed, 30 unchanged in 0.0 s (refused happened)',
    ],
    [
      'skipped: there are no counts',
      stream('charges', 'skipped', { problem: problem('forbidden') }),
      'charges: skipped (forbidden happened)',
    ],
    [
      'interrupted',
      stream('charges', 'interrupted', { seconds: 61 }),
      'charges: interrupted 10 added, 20 changed, 30 unchanged in 61.0 s',
    ],
  ]

  test.each(CASES)('%s', (_what, report, expected) => {
    expect(streamLine(report)).toBe(expected)
  })
})

describe('the report as text', () => {
  test('has a table, each problem with its next step, and a summary', () => {
    const text = reportText(
      run(
        [
          stream('charges', 'complete', { complete_from: fromMillis(Date.UTC(2024, 9, 17, 10)) }),
          stream('customers', 'complete'),
          stream('orders', 'complete', { complete_from: null }),
          stream('events', 'failed', { complete_from: null, complete_to: null, problem: problem('refused') }),
          stream('plans', 'skipped', { problem: problem('forbidden') }),
        ],
        { throttled: 3 },
      ),
    )
    expect(text.split('\n\n')).toEqual([
      [
        'stream     outcome   records  added  changed  unchanged  deleted  rejected  requests  seconds  complete from         complete to',
        'charges    complete       60     10       20         30        0         0         7      1.3  2024-10-17T10:00:00Z  2025-01-15T10:00:00Z',
        'customers  complete       60     10       20         30        0         0         7      1.3  the beginning         2025-01-15T10:00:00Z',
        'orders     complete       60     10       20         30        0         0         7      1.3  not known             2025-01-15T10:00:00Z',
        'events     failed         60     10       20         30        0         0         7      1.3  –                     –',
      ].join('\n'),
      'events failed: refused happened\n  Do about refused.',
      'plans skipped: forbidden happened\n  Do about forbidden.',
      'run 01RUN: failed, 42 requests, 1 retries, 3 of them throttled',
    ])
  })

  test('K8/44: a run that failed only because a stream was skipped says so', () => {
    const text = reportText(run([stream('plans', 'skipped', { problem: problem('forbidden') })], {}, ['plans']))
    expect(text).toMatch(/\n\nrun 01RUN: failed, because plans was selected by name and skipped, 42 requests/)
  })

  test('of a run in which nothing ran has the problem and the next step', () => {
    const text = reportText(run([], { outcome: 'failed', problem: problem('held') }))
    expect(text).toBe('run 01RUN: failed, 42 requests, 1 retries\n\nheld happened\n  Do about held.')
  })
})

test('the report is written to a file named for its run, without secrets, and no other file is left', () =>
  withFolder(async folder => {
    const directory = join(folder, 'state', 'runs')
    const intent = { selected: [], destination: '' }
    const report = run([stream('charges', 'failed', { problem: { ...problem('refused'), message: 'not hunter22' } })])
    keepReport(directory, report, text => text.replaceAll('hunter22', '[secret]'), intent)
    keepReport(directory, report, text => text.replaceAll('hunter22', '[secret]'), intent)
    expect(readdirSync(directory)).toEqual(['01RUN.json'])
    const kept = readFileSync(join(directory, '01RUN.json'), 'utf8')
    expect(kept.endsWith('}\n')).toBe(true)
    expect(JSON.parse(kept)).toEqual(JSON.parse(JSON.stringify(report).replace('hunter22', '[secret]')))
  }))
