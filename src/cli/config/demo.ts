import { resolve } from 'node:path'
import { DEFAULT_ANALYTICS } from '../../schema/lookup-views.ts'
import { NO_METRICS, NO_NOTIFY } from '../notify/settings.ts'
import type { Config } from './load.ts'
import { DAY } from './schema.ts'

/** The made-up store has one error type that the program does not know: a store's owner would sort it like this. */
const DEMO_ANALYTICS = { ...DEFAULT_ANALYTICS, errorGroups: { customer: ['INSUFFICIENT_FUNDS'] } }

/** The configuration of `demo`: a store on loopback, and a DuckDB file. */
export function demoConfig(baseUrl: string, token: string, file = 'state/demo.duckdb'): Config {
  return {
    file: 'demo',
    directory: resolve('.'),
    store: null,
    recharge: {
      token,
      baseUrl,
      start: null,
      overlapMs: DAY,
      concurrency: 'auto',
      rate: 'auto',
      budget: 1,
      timeoutMs: 60_000,
      patienceMs: 120_000,
    },
    destination: { kind: 'duckdb', file: resolve(file), schema: 'recharge' },
    streams: 'all',
    refreshMs: () => 0,
    history: ['subscriptions'],
    views: true,
    fivetranViews: false,
    analytics: DEMO_ANALYTICS,
    materialize: { add: [], except: [] },
    policies: { sensitive: 'hash', columns: {}, onMismatch: 'null', drift: 'capture' },
    indexes: true,
    maxRejects: 100,
    retentionMs: 90 * 86_400_000,
    notify: NO_NOTIFY,
    metrics: NO_METRICS,
    secretFiles: [],
    secrets: [token],
  }
}

/** A file with which other commands work on the warehouse of the demo, in the folder of the warehouse. */
export const demoFile = (
  baseUrl: string,
  token: string,
  duckdb: string,
): string => `# Written by \`demo\`, for commands that read its warehouse, such as query and status. The made-up store is gone.
recharge:
  token: ${token}
  base_url: ${baseUrl}
destination:
  duckdb: ${duckdb}
analytics:
  error_groups: { customer: [INSUFFICIENT_FUNDS] }
`
