import { resolve } from 'node:path'
import { DEFAULT_ANALYTICS } from '../../schema/lookup-views.ts'
import type { Config } from './load.ts'
import { DAY } from './schema.ts'

/** The configuration of `demo`: a store on loopback, and a DuckDB file. */
export function demoConfig(baseUrl: string, token: string, file = 'state/demo.duckdb'): Config {
  return {
    file: 'demo',
    directory: resolve('.'),
    recharge: {
      token,
      baseUrl,
      start: null,
      overlapMs: DAY,
      concurrency: 20,
      rate: 'auto',
      budget: 1,
      timeoutMs: 60_000,
    },
    destination: { kind: 'duckdb', file: resolve(file), schema: 'recharge' },
    streams: 'all',
    refreshMs: () => 0,
    history: ['subscriptions'],
    views: true,
    fivetranViews: false,
    analytics: DEFAULT_ANALYTICS,
    materialize: { add: [], except: [] },
    policies: { sensitive: 'hash', columns: {}, onMismatch: 'null', drift: 'capture' },
    indexes: true,
    maxRejects: 100,
    secretFiles: [],
    secrets: [token],
  }
}
