import { toMillis } from '../../common/instant.ts'
import type { Instant } from '../../common/model.ts'
import type { RunReport } from '../../common/run-report.ts'
import { VERSION } from '../../common/version.ts'
import type { StreamTotals } from '../../load/destination.ts'
import { code, row } from '../../schema/markdown.ts'
import type { Condition } from './condition.ts'

/** What the figures are made from. */
export interface Measured {
  readonly report: RunReport
  readonly exitCode: number
  readonly destination: string
  /** Its name in a fleet; null: the store stands alone. */
  readonly store: string | null
  /** Requests that the token's rate allows in a second. */
  readonly perSecond: number
  readonly lastSuccess: Instant | null
  /** What is known of each stream, from this run or from one before. */
  readonly streams: readonly StreamTotals[]
  readonly open: readonly Condition[]
}

type Labels = Readonly<Record<string, string>>
type Sample = readonly [labels: Labels, value: number | null]

interface Metric {
  readonly name: string
  readonly help: string
  /** Besides `destination`, and `store` in a fleet. */
  readonly labels?: readonly string[]
  readonly samples: (measured: Measured) => readonly Sample[]
}

const OUTCOMES: readonly RunReport['outcome'][] = ['complete', 'failed', 'interrupted']

const seconds = (instant: Instant): number => toMillis(instant) / 1000
const durationOf = ({ started_at, finished_at }: RunReport): number =>
  Math.max(0, seconds(finished_at) - seconds(started_at))
const one = (value: number | null): readonly Sample[] => [[{}, value]]
const ofStreams =
  (of: (totals: StreamTotals) => number | null): Metric['samples'] =>
  ({ streams }) =>
    streams.map(totals => [{ stream: totals.stream }, of(totals)])

/** All are gauges: each says what the last run left. One without a value has no sample. */
const METRICS: readonly Metric[] = [
  {
    name: 'info',
    help: 'Always 1; the label has the version of recharge-sync.',
    labels: ['version'],
    samples: () => [[{ version: VERSION }, 1]],
  },
  {
    name: 'last_run_timestamp_seconds',
    help: 'When the last sync ended.',
    samples: ({ report }) => one(seconds(report.finished_at)),
  },
  {
    name: 'last_success_timestamp_seconds',
    help: 'When the last sync ended that was complete.',
    samples: ({ lastSuccess }) => one(lastSuccess === null ? null : seconds(lastSuccess)),
  },
  {
    name: 'last_run_outcome',
    help: '1 for the outcome of the last sync, 0 for the others.',
    labels: ['outcome'],
    samples: ({ report }) => OUTCOMES.map(outcome => [{ outcome }, report.outcome === outcome ? 1 : 0]),
  },
  {
    name: 'last_run_exit_code',
    help: 'Exit code of the last sync.',
    samples: ({ exitCode }) => one(exitCode),
  },
  {
    name: 'last_run_duration_seconds',
    help: 'How long the last sync took.',
    samples: ({ report }) => one(durationOf(report)),
  },
  {
    name: 'last_run_requests',
    help: 'Requests to the API in the last sync, repeated ones included.',
    samples: ({ report }) => one(report.requests),
  },
  {
    name: 'last_run_retries',
    help: 'Requests that the last sync repeated.',
    samples: ({ report }) => one(report.retries),
  },
  {
    name: 'last_run_throttled',
    help: 'Requests of the last sync that the API refused because of the rate.',
    samples: ({ report }) => one(report.throttled),
  },
  {
    name: 'last_run_rate_share',
    help: "Requests of the last sync as a share of those that the token's rate allowed while it ran; a burst may take it over 1.",
    samples: ({ report, perSecond }) => one(report.requests / Math.max(1, durationOf(report) * perSecond)),
  },
  {
    name: 'problem',
    help: '1 for each thing that is wrong now; the labels have its code, its stream (empty: the whole run) and the next step.',
    labels: ['about', 'code', 'stream', 'next'],
    samples: ({ open }) =>
      open.map(({ about, code, stream, next }) => [{ about, code, stream: stream ?? '', next }, 1]),
  },
  {
    name: 'problems',
    help: 'How many things are wrong now.',
    samples: ({ open }) => one(open.length),
  },
  {
    name: 'stream_complete_to_timestamp_seconds',
    help: 'Every change of the stream up to this time is in its tables. No sample: it was never complete.',
    labels: ['stream'],
    samples: ofStreams(({ complete_to }) => (complete_to === null ? null : seconds(complete_to))),
  },
  {
    name: 'stream_rows',
    help: 'Rows in the table of the stream, those marked as deleted included.',
    labels: ['stream'],
    samples: ofStreams(({ rows }) => rows),
  },
  {
    name: 'stream_rejects',
    help: 'Records of the stream in _sync_rejects.',
    labels: ['stream'],
    samples: ofStreams(({ rejects }) => rejects),
  },
  {
    name: 'stream_gaps',
    help: 'Gaps of the stream in _sync_gaps.',
    labels: ['stream'],
    samples: ofStreams(({ gaps }) => gaps),
  },
]

const PREFIX = 'recharge_sync_'

/** The figures in the text format of Prometheus. Each sample names the warehouse, so that two of them may meet in one place. */
export function metricsText(measured: Measured): string {
  const { destination, store } = measured
  const whose = { destination, ...(store === null ? {} : { store }) }
  const lines = METRICS.flatMap(({ name, help, samples }) => {
    const found = samples(measured).flatMap(([labels, value]) =>
      value === null ? [] : [`${PREFIX}${name}${labelsOf({ ...whose, ...labels })} ${value}`],
    )
    if (found.length === 0) return []
    return [`# HELP ${PREFIX}${name} ${help}`, `# TYPE ${PREFIX}${name} gauge`, ...found]
  })
  return `${lines.join('\n')}\n`
}

const labelsOf = (labels: Labels): string =>
  `{${Object.entries(labels)
    .map(([name, value]) => `${name}="${value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')}"`)
    .join(',')}}`

/** The metrics as a table in Markdown. */
export const metricsTable = (): string =>
  [
    row('name', 'labels', 'meaning'),
    '| --- | --- | --- |',
    ...METRICS.map(({ name, labels = [], help }) => row(code(`${PREFIX}${name}`), labels.map(code).join(', '), help)),
  ].join('\n')
