import { expect, test } from 'vitest'
import type { RunId } from '../../src/common/model.ts'
import { neededRuns } from '../../src/common/needed-runs.ts'
import type { Outcome, RecordedRun } from '../../src/common/run-report.ts'

const runId = (n: number): RunId => `01J${String(n).padStart(23, '0')}` as RunId

/** A run with its streams and how they ended. */
const ran = (n: number, streams: Readonly<Record<string, Outcome>>): RecordedRun => ({
  run: runId(n),
  started_at: '2026-01-01T00:00:00.000000Z' as RecordedRun['started_at'],
  finished_at: null,
  outcome: 'complete',
  problem: null,
  streams: Object.entries(streams).map(([stream, outcome]) => ({ stream, outcome, problem: null })),
  selected: null,
  destination: null,
  process: null,
})

/** A run that was killed: it says only what it was for. */
const killed = (n: number, selected: readonly string[]): RecordedRun => ({
  ...ran(n, {}),
  outcome: 'running',
  selected,
})

const last = (of: Readonly<Record<string, readonly [run: number, isComplete: boolean]>>) =>
  new Map(Object.entries(of).map(([stream, [n, isComplete]]) => [stream, { run: runId(n), isComplete }]))

test.each([
  ['a newer run was complete', [ran(1, { a: 'complete' })], last({ a: [9, true] }), []],
  ['the last run is among them', [ran(1, { a: 'complete' }), ran(2, { a: 'complete' })], last({ a: [2, true] }), [2]],
  ['newer runs only failed', [ran(1, { a: 'complete' }), ran(2, { a: 'complete' })], last({ a: [9, false] }), [2]],
  [
    'the last failed, and is among them',
    [ran(1, { a: 'complete' }), ran(2, { a: 'failed' }), ran(3, { a: 'failed' })],
    last({ a: [3, false] }),
    [1, 3],
  ],
  ['another stream needs it', [ran(1, { a: 'complete', b: 'complete' })], last({ a: [9, true], b: [1, true] }), [1]],
  ['a stream without a checkpoint', [ran(1, { a: 'failed' }), ran(2, { a: 'failed' })], last({}), [2]],
  ['killed, and nothing came after', [ran(1, { a: 'complete' }), killed(2, ['a'])], last({ a: [1, true] }), [1, 2]],
  ['killed, and a run came after', [killed(1, ['a'])], last({ a: [9, true] }), []],
  [
    'what a person said of a file',
    [ran(1, { 'import:charges': 'complete' }), ran(2, { 'import:charges': 'complete' })],
    last({ 'import:charges': [9, true] }),
    [1, 2],
  ],
] as const)('%s', (_what, old, newest, expected) => {
  expect([...neededRuns(old, newest)].sort()).toEqual(expected.map(runId))
})
